"""How the charts look: who has which colour and shape, the axes, and the panels.

Nothing here knows a run. Colours are those of Okabe and Ito that are seen on white and on black;
no chart needs them to be read: every line and bar has its name beside it. Text and axes are drawn
in `currentColor`, and positions of labels are computed here, so that none covers another.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10
from typing import Any

from pipebench.show.charts import vega
from pipebench.show.charts.vega import Channel, Rows, Spec
from pipebench.stats.estimate import Estimate

WIDTH = 760
"""Of every chart, px, about: a long name may make it a little wider."""
FONT = "Helvetica, Arial, sans-serif"
FONT_SIZE = 12
CHARACTER = 7.2
"""Mean width of a character of that size, px, in the widest of the usual fonts."""
BOLD = 8.4
"""The same of a title's."""
LINE = 15
LEADER = 12
AXIS = 54
NAMES_LEFT = 54
ROW = 36
ABOVE = -4
"""Where the median lies in its row; the dots of the rounds are under it."""
CROSS = "M-1,-1L1,1M-1,1L1,-1"
"""A shape, as an SVG path."""
INK = "currentColor"
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
DASHES = ((1, 0), (7, 3), (2, 2), (9, 3, 2, 3))
GRID = 0.15
PALE = 0.35

CONFIG: Spec = {
    "aria": False,
    "background": "transparent",
    "font": FONT,
    "axis": {
        "domainColor": INK,
        "domainOpacity": 0.5,
        "gridColor": INK,
        "gridOpacity": GRID,
        "labelColor": INK,
        "labelFlush": False,
        "labelFontSize": FONT_SIZE,
        "labelLimit": 400,
        "tickColor": INK,
        "tickOpacity": 0.5,
        "titleColor": INK,
        "titleFontSize": FONT_SIZE,
        "titleFontWeight": "normal",
    },
    "title": {
        "color": INK,
        "fontSize": 13,
        "fontWeight": "bold",
        "subtitleColor": INK,
        "subtitleFontSize": FONT_SIZE,
    },
    "view": {"stroke": None},
}
"""What all charts look like, as Vega-Lite has it."""


@dataclass(frozen=True, slots=True)
class Look:
    """How one framework is drawn in every chart. hollow: it is another one a second time."""

    title: str
    colour: str
    shape: str
    dash: tuple[int, ...]
    hollow: bool = False

    @property
    def fields(self) -> dict[str, Any]:
        """The fields that marks are drawn by."""
        return {
            "title": self.title,
            "colour": self.colour,
            "shape": self.shape,
            "dash": list(self.dash),
            "fill": "transparent" if self.hollow else self.colour,
        }


def look(number: int, title: str) -> Look:
    """The look of the framework with this number: the first six differ in colour and shape."""
    turn, place = divmod(number, len(PALETTE))
    return Look(
        title,
        PALETTE[place],
        SHAPES[(place + turn) % len(SHAPES)],
        DASHES[turn % len(DASHES)],
    )


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis. ticks: where it is labelled, None: where Vega likes; label: a Vega expression."""

    title: str
    low: float
    high: float
    log: bool
    label: str
    ticks: tuple[float, ...] | None = None

    def share(self, value: float) -> float:
        """Where a value lies, from 0 (low) to 1 (high)."""
        if self.log:
            return log10(value / self.low) / log10(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def value(self, share: float) -> float:
        """What lies there."""
        if self.log:
            return float(self.low * (self.high / self.low) ** share)
        return self.low + share * (self.high - self.low)

    def channel(self, field: str, **axis: Any) -> Channel:
        """A field on this axis."""
        ticks: Spec = {"tickCount": 6} if self.ticks is None else {"values": list(self.ticks)}
        return vega.quantity(field) | {
            "title": self.title,
            "scale": {
                "type": "log" if self.log else "linear",
                "domain": [self.low, self.high],
                "nice": False,
                "zero": False,
            },
            "axis": {"labelExpr": self.label, **ticks, **axis},
        }


COUNT = "format(datum.value, '~s')"
TIMES = "format(datum.value, '~g')"
DURATION = (
    "datum.value >= 1e6 ? format(datum.value / 1e6, '~g') + ' s' : "
    "datum.value >= 1e3 ? format(datum.value / 1e3, '~g') + ' ms' : "
    "format(datum.value, '~g') + ' us'"
)


def linear(title: str, values: Sequence[float], label: str) -> Scale:
    """From 0 to a little above the greatest."""
    return Scale(title, 0, max(values) * 1.04, log=False, label=label)


def logarithmic(title: str, values: Sequence[float], label: str) -> Scale:
    """From a little below the least to a little above the greatest, labelled at round values."""
    low, high = min(values) / 1.15, max(values) * 1.15
    decades = range(floor(log10(low)), ceil(log10(high)) + 1)
    span = log10(high / low)
    steps: tuple[float, ...] = (1.0, 2.0, 5.0) if span <= 2.5 else (1.0,)
    if span < 0.5:
        steps = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0)
    ticks = tuple(
        value for power in decades for step in steps if low <= (value := step * 10.0**power) <= high
    )
    return Scale(title, low, high, log=True, label=label, ticks=ticks)


def measured(title: str, values: Sequence[float]) -> Scale:
    """The values that were measured, each labelled, at distances of their ratios."""
    ordered = sorted(set(values))
    return Scale(title, ordered[0], ordered[-1], log=True, label=TIMES, ticks=tuple(ordered))


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places of labels, as near to those wanted as may be, at least a gap apart, within bounds.

    Where there is no room for all between low and high, they go on beyond high.
    """
    order = sorted(range(len(places)), key=lambda number: places[number])
    # labels that touch move as one: their common place is the mean of what they want
    blocks: list[tuple[float, int]] = []
    for rank, number in enumerate(order):
        total, count = places[number] - rank * gap, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            before = blocks.pop()
            total, count = total + before[0], count + before[1]
        blocks.append((total, count))
    wanted = [total / count for total, count in blocks for _ in range(count)]
    most = max(low, high - (len(order) - 1) * gap)
    found = [0.0] * len(places)
    for rank, number in enumerate(order):
        found[number] = min(max(wanted[rank], low), most) + rank * gap
    return found


@dataclass(frozen=True, slots=True)
class Bar:
    """A framework's row. words: the figures beside it, or what stands in place of a figure."""

    look: Look
    figure: Estimate | None
    rounds: list[float]
    words: str


@dataclass(frozen=True, slots=True)
class Bars:
    """A panel of rows. line: a value that is marked across all rows, and its label."""

    title: str
    bars: list[Bar]
    line: tuple[float, str] | None = None

    @property
    def values(self) -> list[float]:
        """All that must lie within the scale."""
        values = [value for bar in self.bars for value in bar.rounds]
        for bar in self.bars:
            values += [value for value in bar.figure or () if value is not None]
        return values + ([self.line[0]] if self.line else [])


def bars(panels: list[Bars], scale: Scale) -> Spec:
    """Rows of medians with intervals, dots of the rounds under them, and figures to their right.

    Bars from 0 on a linear scale; points on a logarithmic one, where a bar's length means nothing.
    """
    shown = [bar for panel in panels for bar in panel.bars]
    names = _width([bar.look.title for bar in shown])
    width = WIDTH - names - _width([bar.words for bar in shown if bar.figure]) - 20
    return _chart([_bars(panel, scale, width, names) for panel in panels])


def _bars(panel: Bars, scale: Scale, width: int, names: int) -> Spec:
    y = _names_axis(panel, names)
    rows: Rows = [
        bar.look.fields
        | {
            "median": bar.figure.median,
            "low": bar.figure.low,
            "high": bar.figure.high,
            "words": bar.words,
        }
        for bar in panel.bars
        if bar.figure
    ]
    layers = [
        _medians(rows, scale, y),
        *_intervals(rows, scale, y),
        _rounds(panel, scale, y),
        _text(rows, x=vega.pixels(width + 12), y=y),
        *_without_figure(panel, y, names),
        *_line_across(panel, scale, ROW * len(rows)),
    ]
    return vega.panel(layers, width, ROW * len(panel.bars), _title(panel.title, offset=22))


def _names_axis(panel: Bars, names: int) -> Channel:
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


def _rounds(panel: Bars, scale: Scale, y: Channel) -> Spec:
    """A dot for each round, under the median."""
    dots = [
        bar.look.fields | {"median": value}
        for bar in panel.bars
        if bar.figure
        for value in bar.rounds
    ]
    return vega.layer(
        dots,
        vega.mark("point", size=16, yOffset=11, opacity=0.8, strokeWidth=1),
        x=scale.channel("median", domain=False),
        y=y,
        stroke=vega.itself("colour"),
    )


def _without_figure(panel: Bars, y: Channel, names: int) -> list[Spec]:
    """The words in place of a figure, and room for them and for the panel's title."""
    rows = [{"title": bar.look.title, "words": bar.words} for bar in panel.bars if not bar.figure]
    longest = 4 + _width([row["words"] for row in rows])
    return [
        _text(rows, x=vega.pixels(4), y=y),
        _room(names, max(WIDTH - names, longest, BOLD * len(panel.title))),
    ]


def _line_across(panel: Bars, scale: Scale, height: int) -> list[Spec]:
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
        _text(rows, side, x=x, y=vega.pixels(-9)),
    ]


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a line; low and high: its interval; marked: it has a symbol."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    marked: bool = True


@dataclass(frozen=True, slots=True)
class Lines:
    """A panel of lines, one a framework, points by x. note: what is not in it, in words."""

    title: str
    lines: list[tuple[Look, list[Point]]]
    note: str = ""
    guide: list[Point] = field(default_factory=list)
    """A line that is not a framework's, behind the others; labelled with `guide_label`."""
    guide_label: str = ""

    @property
    def values(self) -> list[float]:
        """All that must lie within the scale of y."""
        points = [point for _, points in self.lines for point in points]
        ends = [end for point in points for end in (point.low, point.high) if end is not None]
        return [*ends, *(point.y for point in points)]


@dataclass(frozen=True, slots=True)
class Frame:
    """What panels of lines share. longest: characters of a line's name."""

    x: Scale
    y: Scale
    width: int
    height: int
    longest: int

    def across(self, field: str) -> Channel:
        """A field on the axis from left to right."""
        return self.x.channel(field, grid=False)

    def up(self, field: str) -> Channel:
        """A field on the axis from below."""
        return self.y.channel(field, minExtent=AXIS, maxExtent=AXIS)


def lines(panels: list[Lines], x: Scale, y: Scale) -> Spec:
    """Panels of lines with their names at their right ends, two beside each other if several."""
    most = max(len(panel.lines) for panel in panels)
    columns = 1 if len(panels) == 1 else 2
    longest = 30 if columns == 1 else 20
    words = [_cut(look.title, longest) for panel in panels for look, _ in panel.lines]
    names = _width([*words, *(panel.guide_label for panel in panels)])
    width = WIDTH // columns - AXIS - 30 - names - LEADER
    height = max(330 if columns == 1 else 210, LINE * (most + 1))
    frame = Frame(x, y, width, height, longest)
    return _chart([_lines(panel, frame, names) for panel in panels], columns)


def _lines(panel: Lines, frame: Frame, names: int) -> Spec:
    points: Rows = [
        look.fields | {"x": p.x, "y": p.y, "low": p.low, "high": p.high, "marked": p.marked}
        for look, own in panel.lines
        for p in own
    ]
    labels = _line_labels(panel, frame)
    room = max(frame.width + LEADER + 3 + names, BOLD * len(panel.title))
    layers = [
        _guide(panel, frame),
        _leaders(labels, frame),
        *_points(points, frame),
        _text(labels, {"dx": LEADER + 3}, x=frame.across("x2"), y=frame.up("y2")),
        _room(0, room),
    ]
    title = _title(panel.title, panel.note, room=frame.width + 150)
    return vega.panel(layers, frame.width, frame.height, title)


def _line_labels(panel: Lines, frame: Frame) -> Rows:
    """The name of each line: where the line ends (x, y), and where its name stands (x2, y2)."""
    labels = [
        look.fields | {"x": own[-1].x, "y": own[-1].y, "words": _cut(look.title, frame.longest)}
        for look, own in panel.lines
    ]
    if panel.guide:
        last = panel.guide[-1]
        labels.append({"x": last.x, "y": last.y, "colour": INK, "words": panel.guide_label})
    wanted = [frame.height * (1 - frame.y.share(label["y"])) for label in labels]
    places = spread(wanted, LINE, 4, frame.height - 4)
    return [
        label | {"x2": frame.x.high, "y2": frame.y.value(1 - place / frame.height)}
        for label, place in zip(labels, places, strict=True)
    ]


def _guide(panel: Lines, frame: Frame) -> Spec:
    rows = [{"x": point.x, "y": point.y} for point in panel.guide]
    dotted = vega.mark("line", color=INK, strokeDash=[2, 3], strokeWidth=1, opacity=0.6)
    return vega.layer(rows, dotted, x=frame.across("x"), y=frame.up("y"))


def _leaders(labels: Rows, frame: Frame) -> Spec:
    """From the end of each line to its name."""
    return vega.layer(
        labels,
        vega.mark("rule", color=INK, strokeDash=[1, 2], opacity=0.6, x2Offset=LEADER),
        x=frame.across("x"),
        y=frame.up("y"),
        x2=vega.end("x2"),
        y2=vega.end("y2"),
    )


def _points(points: Rows, frame: Frame) -> list[Spec]:
    """The lines, the intervals of their points, and the points' symbols."""
    x, y, colour = frame.across("x"), frame.up("y"), vega.itself("colour")
    return [
        vega.layer(
            points,
            vega.mark("line", strokeWidth=2),
            x=x,
            y=y,
            detail=vega.category("title"),
            stroke=colour,
            strokeDash=vega.itself("dash"),
        ),
        vega.layer(
            [point for point in points if point["low"] is not None],
            vega.mark("rule", strokeWidth=1.2),
            x=x,
            y=frame.up("low"),
            y2=vega.end("high"),
            stroke=colour,
        ),
        vega.layer(
            [point for point in points if point["marked"]],
            vega.mark("point", size=42, strokeWidth=1.5, opacity=1),
            x=x,
            y=y,
            fill=vega.itself("fill"),
            stroke=colour,
            shape=vega.itself("shape"),
        ),
    ]


@dataclass(frozen=True, slots=True)
class Heat:
    """A panel of cells by x and y. share: 0 to 1, or None where `words` stand alone."""

    title: str
    cells: list[tuple[int, int, float | None, str]]


def heat(panels: list[Heat], x_title: str, y_title: str) -> Spec:
    """Cells with their values in words, the darker the nearer to 1."""
    xs = sorted({x for panel in panels for x, *_ in panel.cells})
    ys = sorted({y for panel in panels for _, y, *_ in panel.cells}, reverse=True)
    columns = 2 if len(panels) > 1 and len(xs) <= 8 else 1
    size = (min(54 * len(xs), WIDTH // columns - 70), 26 * len(ys))
    across = vega.step("x") | {
        "title": x_title,
        "scale": {"domain": xs},
        "axis": {"labelAngle": 0},
    }
    up = vega.step("y") | {
        "title": y_title,
        "scale": {"domain": ys},
        "axis": {"minExtent": 40, "maxExtent": 40},
    }
    return _chart([_heat(panel, across, up, size) for panel in panels], columns)


def _heat(panel: Heat, across: Channel, up: Channel, size: tuple[int, int]) -> Spec:
    width, height = size
    cells = [
        {"x": x, "y": y, "share": share, "words": words, "ink": _ink(share)}
        for x, y, share, words in panel.cells
    ]
    shade = vega.quantity("share") | {
        "scale": {"scheme": "blues", "domain": [0, 1]},
        "legend": None,
    }
    rated = [cell for cell in cells if cell["share"] is not None]
    layers = [
        vega.layer(rated, vega.mark("rect"), x=across, y=up, color=shade),
        _text(cells, {"align": "center"}, x=across, y=up, fill=vega.itself("ink")),
        _room(0, max(width, BOLD * len(panel.title) - AXIS)),
    ]
    return vega.panel(layers, width, height, _title(panel.title))


def _ink(share: float | None) -> str:
    if share is None:
        return INK
    return "#fff" if share > 0.6 else "#1a1a1a"


@dataclass(frozen=True, slots=True)
class Strip:
    """A framework's rounds in order. points: round and ratio to the median; words: beside it."""

    look: Look
    points: list[tuple[int, float]]
    failed: list[int]
    words: str


@dataclass(frozen=True, slots=True)
class Strips:
    """A panel of strips."""

    title: str
    strips: list[Strip]


def strips(panels: list[Strips], rounds: int) -> Spec:
    """Rows of dots around the line of their median, all to the same scale, failures as crosses."""
    shown = [strip for panel in panels for strip in panel.strips]
    names = _width([strip.look.title for strip in shown])
    width = WIDTH - names - _width([strip.words for strip in shown]) - NAMES_LEFT - 12
    farthest = max((abs(ratio - 1) for strip in shown for _, ratio in strip.points), default=0)
    step = next((step for step in (0.5, 0.2, 0.1, 0.05) if step <= farthest), 0.02)
    room = max(step * 3, farthest * 2.2)
    x = _rounds_axis(rounds)
    return _chart([_strips(panel, x, (step, room), (width, names)) for panel in panels])


def _rounds_axis(rounds: int) -> Channel:
    ticks: Spec = {"values": list(range(1, rounds + 1))} if rounds <= 20 else {"tickMinStep": 1}
    return vega.quantity("x") | {
        "title": "round",
        "scale": {"domain": [0.5, rounds + 0.5], "nice": False, "zero": False},
        "axis": {"grid": False, "format": "d", **ticks},
    }


def _strips(panel: Strips, x: Channel, scale: tuple[float, float], size: tuple[int, int]) -> Spec:
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
        _text(levels, {"align": "right", "fontSize": 11}, x=vega.pixels(-6), y=y),
        _text(rows, {"align": "right"}, x=names_x, y=y, text=vega.category("title")),
        _text(rows, x=vega.pixels(width + 12), y=y),
        _room(NAMES_LEFT + names, WIDTH - NAMES_LEFT - names),
    ]
    return vega.panel(layers, width, 64 * count, _title(panel.title))


def _row_place(field: str, count: int) -> Channel:
    """A field that is a row's number, from 0 at the top, without an axis."""
    scale = {"domain": [count - 0.5, -0.5], "nice": False, "zero": False}
    return vega.quantity(field) | {"title": None, "scale": scale, "axis": None}


def _strip_dots(panel: Strips, x: Channel, room: float) -> list[Spec]:
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


def _strip_failures(panel: Strips, x: Channel) -> Spec:
    rows = [
        {"x": number, "y": row} for row, strip in enumerate(panel.strips) for number in strip.failed
    ]
    cross = vega.mark("point", shape=CROSS, size=70, stroke=INK, strokeWidth=1.8)
    return vega.layer(rows, cross, x=x, y=_row_place("y", len(panel.strips)))


def _text(rows: Rows, style: Spec | None = None, **channels: Channel) -> Spec:
    """Words of each row: those of its field `words`, unless the channel `text` is another."""
    look = {"align": "left", "baseline": "middle", "fontSize": FONT_SIZE, "fill": INK}
    words = {"text": vega.category("words")}
    return vega.layer(rows, vega.mark("text", **(look | (style or {}))), **(words | channels))


def _room(left: float, right: float) -> Spec:
    """A line that is not seen, so that the picture holds what is written from here to there.

    Text is measured in the fonts of this computer; the reader's may be wider.
    """
    unseen = vega.mark("rule", opacity=0)
    return vega.layer([{}], unseen, x=vega.pixels(-left), x2=vega.pixels(right), y=vega.pixels(0))


def _title(text: str, note: str = "", offset: int = 8, room: int = WIDTH) -> Spec | None:
    """A panel's title with its note under it, as many lines as it has."""
    place: Spec = {"anchor": "start", "offset": offset}
    lines = textwrap.wrap(note, floor(room / CHARACTER))
    if text:
        return {"text": text, **place, **({"subtitle": lines} if lines else {})}
    if lines:  # a subtitle is drawn with a title only
        return {"text": lines, **place, "fontSize": FONT_SIZE, "fontWeight": "normal"}
    return None


def _chart(panels: list[Spec], columns: int = 1) -> Spec:
    return {"config": CONFIG, **vega.grid(panels, columns)}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _width(texts: list[str]) -> int:
    return ceil(CHARACTER * max(map(len, texts), default=0)) + 8
