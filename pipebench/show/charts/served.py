"""How evenly the connections were served."""

from statistics import median

from pipebench.rules.outcome import RATED
from pipebench.run.judge import JudgedMeasurement
from pipebench.show import formats
from pipebench.show.charts import drawing
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
from pipebench.show.charts.drawing import TIMES, Lines, Point, Scale


def served(data: Data) -> Chart | None:
    """How evenly the connections were served: responses of each, the least served first."""
    groups, where = shown_groups(data, min(MOST_GROUPS, most_cells(data)))
    panels, words = [], []
    for group in groups:
        curves = [(row, curve) for row in group if (curve := _served_curve(data.of(row)))]
        if not curves:
            continue
        drawn = [
            (
                data.look(row),
                [Point(100 * n / (len(curve) - 1), y, marked=False) for n, y in enumerate(curve)],
            )
            for row, curve in curves
        ]
        panels.append(Lines(data.label(group[0].cell), drawn, without_line(data, group, drawn)))
        ends = [
            f"{data.look(row).title} {formats.ratio(curve[0])} to {formats.ratio(curve[-1])}"
            for row, curve in curves
        ]
        words.append(
            f"Least to most served connection{at_cell(panels[-1].title)}: {'; '.join(ends)}."
        )
    if not panels:
        return None
    across = Scale("connections, the least served first, %", 0, 100, log=False, label=TIMES)
    values = [1.0, *(value for panel in panels for value in panel.values)]
    up = drawing.linear("responses by the mean", values, TIMES)
    return Chart(
        "served",
        f"How evenly the connections were served{where}: responses of each connection by the mean "
        "of all, the least served first, medians over the rounds; a level line at 1 is even, and 0 "
        "is a connection that was never served.",
        " ".join(words),
        drawing.lines(split_panels(panels), across, up),
    )


def _served_curve(seen: list[JudgedMeasurement]) -> list[float]:
    """Medians over the rounds of the quantiles of responses a connection, by their mean."""
    rated = [m.measurement.served for m in seen if m.judgement.outcome in RATED]
    curves = [
        [value / mean for value in one.responses]
        for one in rated
        if one and one.responses and (mean := sum(one.responses) / len(one.responses))
    ]
    return [median(values) for values in zip(*curves, strict=True)]
