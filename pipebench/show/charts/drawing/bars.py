"""Panels of rows: a median with its interval, and the dots of its rounds."""

from dataclasses import dataclass

from pipebench.show.charts import vega
from pipebench.show.charts.drawing.panel import (
    chart_of,
    panel_title,
    room_layer,
    text_layer,
    text_width,
)
from pipebench.show.charts.drawing.scales import Scale
from pipebench.show.charts.drawing.style import BOLD, INK, PALE, WIDTH, Look
from pipebench.show.charts.vega import Channel, Rows, Spec
from pipebench.stats.estimate import Estimate

ROW = 36
ABOVE = -4
"""Where the median lies in its row; the dots of the rounds are under it."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A framework's row. words: the figures beside it, or what stands in place of a figure."""

    look: Look
    figure: Estimate
    rounds: list[float]
    words: str


@dataclass(frozen=True, slots=True)
class BarPanel:
    """A panel of rows. line: a value that is marked across all rows, and its label."""

    title: str
    bars: list[Bar]
    line: tuple[float, str] | None = None

    @property
    def values(self) -> list[float]:
        """All that must lie within the scale."""
        values = [value for bar in self.bars for value in bar.rounds]
        for bar in self.bars:
            values += [value for value in bar.figure if value is not None]
        return values + ([self.line[0]] if self.line else [])


def draw_bars(panels: list[BarPanel], scale: Scale) -> Spec:
    """Rows of medians with intervals, dots of the rounds under them, and figures to their right.

    Bars from 0 on a linear scale; points on a logarithmic one, where a bar's length means nothing.
    """
    shown = [bar for panel in panels for bar in panel.bars]
    names = text_width([bar.look.title for bar in shown])
    width = (
        WIDTH
        - names
        - text_width([bar.words for bar in shown if bar.figure.value is not None])
        - 20
    )
    return chart_of([_bars(panel, scale, width, names) for panel in panels])


def _bars(panel: BarPanel, scale: Scale, width: int, names: int) -> Spec:
    y = _names_axis(panel, names)
    rows: Rows = [
        bar.look.fields
        | {
            "median": bar.figure.value,
            "low": bar.figure.low,
            "high": bar.figure.high,
            "words": bar.words,
        }
        for bar in panel.bars
        if bar.figure.value is not None
    ]
    layers = [
        _medians(rows, scale, y),
        *_intervals(rows, scale, y),
        _rounds(panel, scale, y),
        text_layer(rows, x=vega.pixels(width + 12), y=y),
        *_without_figure(panel, y, names),
        *_line_across(panel, scale, ROW * len(rows)),
    ]
    return vega.panel(layers, width, ROW * len(panel.bars), panel_title(panel.title, offset=22))


def _names_axis(panel: BarPanel, names: int) -> Channel:
    """The frameworks' names at the left of their rows, in the order given."""
    return vega.category("title") | {
        "title": None,
        "sort": None,
        "scale": {"type": "band", "domain": [bar.look.title for bar in panel.bars]},
        "axis": {
            "labelLimit": names,
            "labelPadding": 8,
            "minExtent": names,
            "maxExtent": names,
            "ticks": False,
            "domain": False,
            "grid": False,
        },
    }


def _medians(rows: Rows, scale: Scale, y: Channel) -> Spec:
    pale = {"yOffset": ABOVE, "fillOpacity": PALE, "strokeWidth": 1, "opacity": 1}
    channels = {
        "x": scale.channel("median", domain=False),
        "y": y,
        "fill": vega.itself("fill"),
        "stroke": vega.itself("colour"),
    }
    if scale.log:
        point = vega.mark("point", size=120, **pale)
        return vega.layer(rows, point, shape=vega.itself("shape"), **channels)
    return vega.layer(rows, vega.mark("bar", height=16, **pale), **channels)


def _intervals(rows: Rows, scale: Scale, y: Channel) -> list[Spec]:
    """A line from low to high with a stroke at each end."""
    sure = [row for row in rows if row["low"] is not None]
    look = {"color": INK, "yOffset": ABOVE}
    line = vega.mark("rule", strokeWidth=1.5, **look)
    stroke = vega.mark("tick", thickness=1.5, height=9, orient="vertical", **look)
    return [
        vega.layer(sure, line, x=scale.channel("low"), x2=vega.end("high"), y=y),
        *(vega.layer(sure, stroke, x=scale.channel(end), y=y) for end in ("low", "high")),
    ]


def _rounds(panel: BarPanel, scale: Scale, y: Channel) -> Spec:
    """A dot for each round, under the median."""
    dots = [
        bar.look.fields | {"median": value}
        for bar in panel.bars
        if bar.figure.value is not None
        for value in bar.rounds
    ]
    return vega.layer(
        dots,
        vega.mark("point", size=16, yOffset=11, opacity=0.8, strokeWidth=1),
        x=scale.channel("median", domain=False),
        y=y,
        stroke=vega.itself("colour"),
    )


def _without_figure(panel: BarPanel, y: Channel, names: int) -> list[Spec]:
    """The words in place of a figure, and room for them and for the panel's title."""
    rows = [
        {"title": bar.look.title, "words": bar.words}
        for bar in panel.bars
        if bar.figure.value is None
    ]
    longest = 4 + text_width([row["words"] for row in rows])
    return [
        text_layer(rows, x=vega.pixels(4), y=y),
        room_layer(names, max(WIDTH - names, longest, BOLD * len(panel.title))),
    ]


def _line_across(panel: BarPanel, scale: Scale, height: int) -> list[Spec]:
    """The panel's line, if it has one, with its label above."""
    if not panel.line:
        return []
    value, label = panel.line
    rows = [{"median": value, "words": label}]
    x = scale.channel("median", domain=False)
    right = scale.share(value) > 0.5
    side: Spec = {"align": "right", "dx": 3} if right else {"align": "left", "dx": -3}
    return [
        vega.layer(
            rows,
            vega.mark("rule", color=INK, strokeWidth=1.2, strokeDash=[6, 3]),
            x=x,
            y=vega.pixels(0),
            y2=vega.pixels(height),
        ),
        text_layer(rows, side, x=x, y=vega.pixels(-9)),
    ]
