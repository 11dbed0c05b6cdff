"""How evenly something is spread, as a line: the share of each by the mean, the least first."""

from collections.abc import Iterable, Sequence
from statistics import median

from pipebench.run.figures import CellSummary
from pipebench.show import formats
from pipebench.show.charts.chart import Data
from pipebench.show.charts.drawing.lines import LinePanel, Point
from pipebench.show.charts.drawing.scales import TIMES, Scale, linear
from pipebench.show.charts.drawing.style import Look

Curves = Sequence[tuple[CellSummary, list[float]]]
"""Each row with its curve."""


def curve_of(rounds: Iterable[Sequence[float]]) -> list[float]:
    """Medians over the rounds of each share by their mean; shares: the least first."""
    curves = [
        [value / mean for value in shares]
        for shares in rounds
        if shares and (mean := sum(shares) / len(shares))
    ]
    return [median(values) for values in zip(*curves, strict=True)]


def lines_of(data: Data, curves: Curves, *, marked: bool) -> list[tuple[Look, list[Point]]]:
    """A line for each row, from 0 to 100 % of what the shares are of."""
    return [
        (
            data.look(row),
            [Point(100 * n / (len(curve) - 1), y, marked=marked) for n, y in enumerate(curve)],
        )
        for row, curve in curves
    ]


def ends_of(data: Data, curves: Curves) -> str:
    """The least and the greatest share of each row, in words."""
    return "; ".join(
        f"{data.look(row).title} {formats.ratio(curve[0])} to {formats.ratio(curve[-1])}"
        for row, curve in curves
    )


def scales(panels: Sequence[LinePanel], across: str, up: str) -> tuple[Scale, Scale]:
    """The axes, with these titles; the even level, 1, is in any case on the second."""
    values = [1.0, *(value for panel in panels for value in panel.values)]
    return Scale(across, 0, 100, log=False, label=TIMES), linear(up, values, TIMES)
