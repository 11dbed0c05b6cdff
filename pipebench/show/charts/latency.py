"""The batch latency by quantile."""

from statistics import median

from pipebench.measure.latency import TAILS_PPM
from pipebench.rules.outcome import RATED
from pipebench.run.judge import JudgedMeasurement
from pipebench.show import formats
from pipebench.show.charts.chart import (
    MOST_GROUPS,
    Chart,
    Data,
    at_cell,
    most_cells,
    shown_groups,
    split_panels,
    without_line,
)
from pipebench.show.charts.drawing.lines import LinePanel, Point, draw_lines
from pipebench.show.charts.drawing.scales import DURATION, Scale, logarithmic

SLOWER_HALF = 500_000
NAMED_TAILS = {500_000: "p50", 100_000: "p90", 10_000: "p99", 1_000: "p99.9", 100: "p99.99"}
QUANTILES = (
    " : ".join(f"datum.value == {1e6 / tail:g} ? '{name}'" for tail, name in NAMED_TAILS.items())
    + " : ''"
)


def latency(data: Data) -> Chart | None:
    """Quantiles of the batch latency, each the median over the rounds."""
    half = TAILS_PPM.index(SLOWER_HALF)
    groups, where = shown_groups(data, min(MOST_GROUPS, most_cells(data)))
    panels, said = [], []
    for group in groups:
        curves = [(row, _curve(data.of(row))) for row in group]
        # with a single batch there is a least, but no half; and no axis of ratios has a 0
        curves = [(row, curve) for row, curve in curves if any(curve[half : half + 1])]
        if not curves:
            continue
        drawn = [
            (
                data.look(row),
                [
                    Point(1e6 / tail, value, marked=tail in NAMED_TAILS)
                    for tail, value in zip(TAILS_PPM, curve, strict=False)
                    if tail <= SLOWER_HALF
                ],
            )
            for row, curve in curves
        ]
        panels.append(LinePanel(data.label(group[0].cell), drawn, without_line(data, group, drawn)))
        told = [f"{data.look(row).title} {_quantiles(curve)}" for row, curve in curves]
        told += [panels[-1].note] if panels[-1].note else []
        said.append(f"Batch latency{at_cell(panels[-1].title)}: {'; '.join(told)}.")
    if not panels:
        return None
    across = Scale(
        "quantile of the batches", 2, 10_000, log=True, label=QUANTILES,
        ticks=tuple(1e6 / tail for tail in NAMED_TAILS),
    )  # fmt: skip
    values = [value for panel in panels for value in panel.values]
    up = logarithmic("batch latency", values, DURATION)
    return Chart(
        "latency",
        f"Batch latency by quantile{where}, both axes logarithmic: how long the slowest half, "
        "tenth, hundredth ... of the batches took at least, medians over the rounds; a line ends "
        "where a round had too few batches.",
        " ".join(said),
        draw_lines(split_panels(panels), across, up),
    )


def _curve(seen: list[JudgedMeasurement]) -> list[float]:
    """Medians over the rounds, as far as each round has that quantile."""
    rated = [m.measurement for m in seen if m.judgement.outcome in RATED]
    totals = [one.totals for one in rated if one.of_batches]
    curves = [found.latency.curve for found in totals if found and found.latency]
    # a quantile that some rounds cannot show would be that of the fast rounds alone
    return [median(values) for values in zip(*curves, strict=False)]


def _quantiles(curve: list[float]) -> str:
    known = dict(zip(TAILS_PPM, curve, strict=False))
    told = [
        f"{name} {formats.us(known[tail])}" for tail, name in NAMED_TAILS.items() if tail in known
    ]
    return ", ".join(told) or "too few batches"
