"""How evenly the connections were served."""

from pipebench.rules.outcome import RATED
from pipebench.run.judge import JudgedMeasurement
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
from pipebench.show.charts.drawing.lines import LinePanel, draw_lines
from pipebench.show.charts.evenness import curve_of, ends_of, lines_of, scales


def served(data: Data) -> Chart | None:
    """How evenly the connections were served: responses of each, the least served first."""
    groups, where = shown_groups(data, min(MOST_GROUPS, most_cells(data)))
    panels, words = [], []
    for group in groups:
        curves = [(row, curve) for row in group if (curve := _served_curve(data.of(row)))]
        if not curves:
            continue
        drawn = lines_of(data, curves, marked=False)
        panels.append(LinePanel(data.label(group[0].cell), drawn, without_line(data, group, drawn)))
        ends = ends_of(data, curves)
        words.append(f"Least to most served connection{at_cell(panels[-1].title)}: {ends}.")
    if not panels:
        return None
    across, up = scales(panels, "connections, the least served first, %", "responses by the mean")
    return Chart(
        "served",
        f"How evenly the connections were served{where}: responses of each connection by the mean "
        "of all, the least served first, medians over the rounds; a level line at 1 is even, and 0 "
        "is a connection that was never served.",
        " ".join(words),
        draw_lines(split_panels(panels), across, up),
    )


def _served_curve(seen: list[JudgedMeasurement]) -> list[float]:
    """Medians over the rounds of the quantiles of responses a connection, by their mean."""
    rated = [m.measurement.served for m in seen if m.judgement.outcome in RATED]
    return curve_of(one.responses for one in rated if one)
