"""Several workers: what each of them adds, and how evenly the connections spread over them."""

from pipebench.record.factors import ALL, FACTORS
from pipebench.rules.outcome import RATED
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedMeasurement
from pipebench.show import formats
from pipebench.show.charts.bar_list import bar_list
from pipebench.show.charts.chart import (
    MOST_GROUPS,
    Chart,
    Data,
    at_cell,
    bars_said,
    estimate_of,
    evenly,
    left_out,
    most_cells,
    split_panels,
    with_intervals,
)
from pipebench.show.charts.drawing.bars import Bar, BarPanel, draw_bars
from pipebench.show.charts.drawing.lines import LinePanel, draw_lines
from pipebench.show.charts.drawing.scales import TIMES, linear
from pipebench.show.charts.evenness import curve_of, ends_of, lines_of, scales
from pipebench.stats.estimate import UNKNOWN, Estimate


def scaling(data: Data) -> Chart | None:
    """What more workers gain: requests/s by workers times those of one worker."""
    groups = [
        group for group in data.groups() if any(_scaling(row).value is not None for row in group)
    ]
    shown = evenly(groups, MOST_GROUPS)
    panels = [
        BarPanel(
            _title(data, group),
            [
                Bar(data.look(row), found, [], formats.ratio(found.value))
                for row in sorted(group, key=lambda row: -(row.scaling.value or 0))
                if (found := _scaling(row)).value is not None and row.role != "control"
            ],
            (1.0, "as fast as one alone 1"),
        )
        for group in shown
    ]
    if not panels:
        return None
    cut = left_out(shown, groups)
    title = (
        "What each worker answers beside the others, as a share of what one answers alone in the "
        f"same round: medians over the rounds{with_intervals(panels)}; at the dashed line, N "
        f"workers answer N times as much as one{cut}."
    )
    scale = linear(
        "requests/s of each worker, by one alone",
        [value for p in panels for value in p.values],
        TIMES,
    )
    return Chart(
        "scaling",
        title,
        bars_said("Requests per second of each worker, by one alone", panels),
        draw_bars(panels, scale),
        bar_list(title, panels),
    )


def _scaling(row: CellSummary) -> Estimate:
    """UNKNOWN for one worker, which is as fast as itself."""
    return UNKNOWN if row.worker_count == 1 else estimate_of(CellSummary.scaling, row)


def _title(data: Data, group: list[CellSummary]) -> str:
    """The label of a group's cells, with how many workers `all` is."""
    label, cell = data.label(group[0].cell), group[0].cell
    counts = {row.worker_count for row in group if row.worker_count}
    if cell.workers != ALL or len(counts) != 1:
        return label
    words = next(factor.said(cell) for factor in FACTORS if factor.name == "workers")
    return (label or words).replace(words, f"{words} ({counts.pop()})")


def workers(data: Data) -> Chart | None:
    """How evenly the connections spread over the workers."""
    groups = []
    for group in data.groups():
        curves = [
            (row, curve)
            for row in group
            if row.role != "control" and (curve := _workers_curve(data.of(row)))
        ]
        if curves:
            groups.append((group, curves))
    shown = evenly(groups, min(MOST_GROUPS, most_cells(data)))
    if not shown:
        return None
    panels, words = [], []
    for group, curves in shown:
        title = _title(data, group)
        panels.append(LinePanel(title, lines_of(data, curves, marked=True)))
        words.append(
            f"Worker with the fewest to the most connections{at_cell(title)}: "
            f"{ends_of(data, curves)}."
        )
    across, up = scales(
        panels, "workers, the one with the fewest first, %", "connections by the mean"
    )
    return Chart(
        "workers",
        "How evenly the connections spread over the workers: connections of each by the mean of "
        "all, the worker with the fewest first, medians over the rounds; a level line at 1 is "
        f"even, and 0 is a worker without a connection{left_out(shown, groups)}.",
        " ".join(words),
        draw_lines(split_panels(panels), across, up),
    )


def _workers_curve(seen: list[JudgedMeasurement]) -> list[float]:
    """Medians over the rounds of the connections of each worker, by their mean."""
    loads = [m.measurement.workers_load for m in seen if m.judgement.outcome in RATED]
    return curve_of(one.connections for one in loads if one)
