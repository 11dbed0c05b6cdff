"""Panels of strips: the rounds of each framework in their order, around their median."""

from dataclasses import dataclass

from pipebench.show.charts import vega
from pipebench.show.charts.drawing.panel import (
    chart_of,
    panel_title,
    room_layer,
    text_layer,
    text_width,
)
from pipebench.show.charts.drawing.style import GRID, INK, WIDTH, Look
from pipebench.show.charts.vega import Channel, Rows, Spec

NAMES_LEFT = 54
CROSS = "M-1,-1L1,1M-1,1L1,-1"
"""A shape, as an SVG path."""


@dataclass(frozen=True, slots=True)
class Strip:
    """A framework's rounds in order. points: round and ratio to the median; words: beside it."""

    look: Look
    points: list[tuple[int, float]]
    failed: list[int]
    words: str


@dataclass(frozen=True, slots=True)
class StripPanel:
    """A panel of strips."""

    title: str
    strips: list[Strip]


def draw_strips(panels: list[StripPanel], rounds: int) -> Spec:
    """Rows of dots around the line of their median, all to the same scale, failures as crosses."""
    shown = [strip for panel in panels for strip in panel.strips]
    names = text_width([strip.look.title for strip in shown])
    width = WIDTH - names - text_width([strip.words for strip in shown]) - NAMES_LEFT - 12
    farthest = max((abs(ratio - 1) for strip in shown for _, ratio in strip.points), default=0)
    step = next((step for step in (0.5, 0.2, 0.1, 0.05) if step <= farthest), 0.02)
    room = max(step * 3, farthest * 2.2)
    x = _rounds_axis(rounds)
    return chart_of([_strips(panel, x, (step, room), (width, names)) for panel in panels])


def _rounds_axis(rounds: int) -> Channel:
    ticks: Spec = {"values": list(range(1, rounds + 1))} if rounds <= 20 else {"tickMinStep": 1}
    return vega.quantity("x") | {
        "title": "round",
        "scale": {"domain": [0.5, rounds + 0.5], "nice": False, "zero": False},
        "axis": {"grid": False, "format": "d", **ticks},
    }


def _strips(
    panel: StripPanel, x: Channel, scale: tuple[float, float], size: tuple[int, int]
) -> Spec:
    """scale: of the ratios, that of the lines above and below the median, and that of a row."""
    (step, room), (width, names) = scale, size
    count = len(panel.strips)
    rows = [
        strip.look.fields | {"y": row, "words": strip.words}
        for row, strip in enumerate(panel.strips)
    ]
    levels: Rows = [
        {"y": row - sign * step / room, "words": f"{100 * sign * step:+g} %"}
        for row, strip in enumerate(panel.strips)
        if strip.points
        for sign in (1, -1)
    ]
    y, names_x = _row_place("y", count), vega.pixels(-NAMES_LEFT)
    layers = [
        vega.layer(rows, vega.mark("rule", color=INK, strokeWidth=1, opacity=0.5), y=y),
        vega.layer(levels, vega.mark("rule", color=INK, strokeWidth=1, opacity=GRID), y=y),
        *_strip_dots(panel, x, room),
        _strip_failures(panel, x),
        text_layer(levels, {"align": "right", "fontSize": 11}, x=vega.pixels(-6), y=y),
        text_layer(rows, {"align": "right"}, x=names_x, y=y, text=vega.category("title")),
        text_layer(rows, x=vega.pixels(width + 12), y=y),
        room_layer(NAMES_LEFT + names, WIDTH - NAMES_LEFT - names),
    ]
    return vega.panel(layers, width, 64 * count, panel_title(panel.title))


def _row_place(field: str, count: int) -> Channel:
    """A field that is a row's number, from 0 at the top, without an axis."""
    scale = {"domain": [count - 0.5, -0.5], "nice": False, "zero": False}
    return vega.quantity(field) | {"title": None, "scale": scale, "axis": None}


def _strip_dots(panel: StripPanel, x: Channel, room: float) -> list[Spec]:
    """A dot for each round, and a line from it to the median."""
    dots: Rows = [
        strip.look.fields | {"x": number, "y": row - (ratio - 1) / room, "median": row}
        for row, strip in enumerate(panel.strips)
        for number, ratio in strip.points
    ]
    count, colour = len(panel.strips), vega.itself("colour")
    return [
        vega.layer(
            dots,
            vega.mark("rule", strokeWidth=1, opacity=0.6),
            x=x,
            y=_row_place("median", count),
            y2=vega.end("y"),
            stroke=colour,
        ),
        vega.layer(
            dots,
            vega.mark("point", size=40, strokeWidth=1.5, opacity=1),
            x=x,
            y=_row_place("y", count),
            fill=vega.itself("fill"),
            stroke=colour,
            shape=vega.itself("shape"),
        ),
    ]


def _strip_failures(panel: StripPanel, x: Channel) -> Spec:
    rows = [
        {"x": number, "y": row} for row, strip in enumerate(panel.strips) for number in strip.failed
    ]
    cross = vega.mark("point", shape=CROSS, size=70, stroke=INK, strokeWidth=1.8)
    return vega.layer(rows, cross, x=x, y=_row_place("y", len(panel.strips)))
