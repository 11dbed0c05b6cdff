"""How the charts look: who has which colour and shape, the panels, and the SVG that comes out.

Nothing here knows a run. Colours are those of Okabe and Ito that are seen on white and on black;
no chart needs them to be read: every line and bar has its name beside it. Text and axes are drawn
in `currentColor`, and positions of labels are computed here, so that none covers another.
"""

import re
import textwrap
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from math import ceil, floor, log10
from typing import Any, Literal
from xml.sax.saxutils import quoteattr

import altair as alt
import vl_convert
from altair.utils.schemapi import debug_mode

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
INK = "currentColor"
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
DASHES = ((1, 0), (7, 3), (2, 2), (9, 3, 2, 3))
GRID = 0.15
PALE = 0.35

STYLE = (
    "svg.chart{max-width:100%;height:auto}"
    "svg.chart:not(:root){color:inherit}"
    "svg.chart:not(:root)>.background{display:none}"
)
"""A file of its own is dark on white; inside a page it has the page's colours."""

Mark = Literal["bar", "line", "point", "rect", "rule", "text", "tick"]


@dataclass(frozen=True, slots=True)
class Look:
    """How one framework is drawn in every chart. hollow: it is another one a second time."""

    title: str
    colour: str
    shape: str
    dash: tuple[int, ...]
    hollow: bool = False

    @property
    def drawn(self) -> dict[str, Any]:
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

    def of(self, channel: Any, name: str, **axis: Any) -> Any:
        """The encoding of a field by this scale."""
        ticks: dict[str, Any] = (
            {"tickCount": 6} if self.ticks is None else {"values": list(self.ticks)}
        )
        return channel(
            f"{name}:Q",
            title=self.title,
            scale=alt.Scale(
                type="log" if self.log else "linear",
                domain=[self.low, self.high],
                nice=False,
                zero=False,
            ),
            axis=alt.Axis(labelExpr=self.label, **ticks, **axis),
        )


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


def bars(panels: list[Bars], scale: Scale) -> Any:
    """Rows of medians with intervals, dots of the rounds under them, and figures to their right.

    Bars from 0 on a linear scale; points on a logarithmic one, where a bar's length means nothing.
    """
    shown = [bar for panel in panels for bar in panel.bars]
    names = _width([bar.look.title for bar in shown])
    width = WIDTH - names - _width([bar.words for bar in shown if bar.figure]) - 20
    return _stack([_bars(panel, scale, width, names) for panel in panels])


def _bars(panel: Bars, scale: Scale, width: int, names: int) -> Any:
    titles = [bar.look.title for bar in panel.bars]
    y = alt.Y(
        "title:N",
        title=None,
        sort=None,
        scale=alt.Scale(type="band", domain=titles),
        axis=alt.Axis(
            labelLimit=names,
            labelPadding=8,
            minExtent=names,
            maxExtent=names,
            ticks=False,
            domain=False,
            grid=False,
        ),
    )
    x = scale.of(alt.X, "median", domain=False)
    rated = [(bar, bar.figure) for bar in panel.bars if bar.figure]
    rows = [
        bar.look.drawn
        | {"median": found.median, "low": found.low, "high": found.high, "words": bar.words}
        for bar, found in rated
    ]
    sure = [row for row, (_, found) in zip(rows, rated, strict=True) if found.low is not None]
    pale = {"yOffset": -4, "fillOpacity": PALE, "strokeWidth": 1, "opacity": 1}
    drawn = (
        _layer(rows, "point", size=120, **pale).encode(shape=_as("shape"))
        if scale.log
        else _layer(rows, "bar", height=16, **pale)
    ).encode(x=x, y=y, fill=_as("fill"), stroke=_as("colour"))
    dots = [bar.look.drawn | {"median": value} for bar, _ in rated for value in bar.rounds]
    interval = {"color": INK, "yOffset": -4}
    layers = [
        drawn,
        _layer(sure, "rule", strokeWidth=1.5, **interval).encode(
            x=scale.of(alt.X, "low"), x2="high:Q", y=y
        ),
        *(
            _layer(sure, "tick", thickness=1.5, height=9, orient="vertical", **interval).encode(
                x=scale.of(alt.X, end), y=y
            )
            for end in ("low", "high")
        ),
        _layer(dots, "point", size=16, yOffset=11, opacity=0.8, strokeWidth=1).encode(
            x=x, y=y, stroke=_as("colour")
        ),
        _text(rows).encode(x=alt.value(width + 12), y=y, text="words:N"),
        _text(
            [{"title": bar.look.title, "words": bar.words} for bar in panel.bars if not bar.figure]
        ).encode(x=alt.value(4), y=y, text="words:N"),
    ]
    said = [bar.words for bar in panel.bars if not bar.figure]
    layers.append(_room(names, max(WIDTH - names, 4 + _width(said), BOLD * len(panel.title))))
    if panel.line:
        value, label = panel.line
        right = scale.share(value) > 0.5
        line = [{"median": value, "words": label}]
        layers += [
            _layer(line, "rule", color=INK, strokeWidth=1.2, strokeDash=[6, 3]).encode(
                x=x, y=alt.value(0), y2=alt.value(ROW * len(rated))
            ),
            _text(line, align="right" if right else "left", dx=3 if right else -3).encode(
                x=x, y=alt.value(-9), text="words:N"
            ),
        ]
    return _layered(layers).properties(
        width=width, height=ROW * len(panel.bars), **_title(panel.title, offset=22)
    )


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


def lines(panels: list[Lines], x: Scale, y: Scale) -> Any:
    """Panels of lines with their names at their right ends, two beside each other if several."""
    most = max(len(panel.lines) for panel in panels)
    columns = 1 if len(panels) == 1 else 2
    longest = 30 if columns == 1 else 20
    words = [_cut(one.title, longest) for panel in panels for one, _ in panel.lines]
    names = _width([*words, *(panel.guide_label for panel in panels)])
    width = WIDTH // columns - AXIS - 30 - names - LEADER
    height = max(330 if columns == 1 else 210, LINE * (most + 1))
    made = [_lines(panel, (x, y), (width, height), names, longest) for panel in panels]
    if len(made) == 1:
        return made[0]
    return alt.concat(*made, columns=columns, spacing=24)


def _lines(
    panel: Lines, scales: tuple[Scale, Scale], size: tuple[int, int], names: int, longest: int
) -> Any:
    (across, up), (width, height) = scales, size
    x = across.of(alt.X, "x", grid=False)
    y = up.of(alt.Y, "y", minExtent=AXIS, maxExtent=AXIS)
    points = [
        one.drawn | {"x": p.x, "y": p.y, "low": p.low, "high": p.high, "marked": p.marked}
        for one, own in panel.lines
        for p in own
    ]
    ends = [
        one.drawn | {"x": own[-1].x, "y": own[-1].y, "words": _cut(one.title, longest)}
        for one, own in panel.lines
    ]
    if panel.guide:
        last = panel.guide[-1]
        ends.append({"x": last.x, "y": last.y, "colour": INK, "words": panel.guide_label})
    wanted = [height * (1 - up.share(end["y"])) for end in ends]
    for end, place in zip(ends, spread(wanted, LINE, 4, height - 4), strict=True):
        end |= {"x2": across.high, "y2": up.value(1 - place / height)}
    guide = [{"x": p.x, "y": p.y} for p in panel.guide]
    layers = [
        _layer(guide, "line", color=INK, strokeDash=[2, 3], strokeWidth=1, opacity=0.6).encode(
            x=x, y=y
        ),
        _layer(ends, "rule", color=INK, strokeDash=[1, 2], opacity=0.6, x2Offset=LEADER).encode(
            x=x, y=y, x2="x2:Q", y2="y2:Q"
        ),
        _layer(points, "line", strokeWidth=2).encode(
            x=x, y=y, detail="title:N", stroke=_as("colour"), strokeDash=_as("dash")
        ),
        _layer([p for p in points if p["low"] is not None], "rule", strokeWidth=1.2).encode(
            x=x,
            y=up.of(alt.Y, "low", minExtent=AXIS, maxExtent=AXIS),
            y2="high:Q",
            stroke=_as("colour"),
        ),
        _layer(
            [p for p in points if p["marked"]], "point", size=42, strokeWidth=1.5, opacity=1
        ).encode(x=x, y=y, fill=_as("fill"), stroke=_as("colour"), shape=_as("shape")),
        _text(ends, dx=LEADER + 3).encode(
            x=across.of(alt.X, "x2", grid=False),
            y=up.of(alt.Y, "y2", minExtent=AXIS, maxExtent=AXIS),
            text="words:N",
        ),
        _room(0, max(width + LEADER + 3 + names, BOLD * len(panel.title))),
    ]
    return _layered(layers).properties(
        width=width, height=height, **_title(panel.title, panel.note, room=width + 150)
    )


@dataclass(frozen=True, slots=True)
class Heat:
    """A panel of cells by x and y. share: 0 to 1, or None where `words` stand alone."""

    title: str
    cells: list[tuple[int, int, float | None, str]]


def heat(panels: list[Heat], x_title: str, y_title: str) -> Any:
    """Cells with their values in words, the darker the nearer to 1."""
    xs = sorted({x for panel in panels for x, *_ in panel.cells})
    ys = sorted({y for panel in panels for _, y, *_ in panel.cells}, reverse=True)
    columns = 2 if len(panels) > 1 and len(xs) <= 8 else 1
    width = min(54 * len(xs), WIDTH // columns - 70)
    made = []
    for panel in panels:
        cells = [
            {"x": x, "y": y, "share": share, "words": words, "ink": _ink(share)}
            for x, y, share, words in panel.cells
        ]
        across = alt.X(
            "x:O", title=x_title, scale=alt.Scale(domain=xs), axis=alt.Axis(labelAngle=0)
        )
        up = alt.Y(
            "y:O",
            title=y_title,
            scale=alt.Scale(domain=ys),
            axis=alt.Axis(minExtent=40, maxExtent=40),
        )
        colour = alt.Color("share:Q", scale=alt.Scale(scheme="blues", domain=[0, 1]), legend=None)
        layers = [
            _layer([c for c in cells if c["share"] is not None], "rect").encode(
                x=across, y=up, color=colour
            ),
            _text(cells, align="center").encode(x=across, y=up, text="words:N", fill=_as("ink")),
            _room(0, max(width, BOLD * len(panel.title) - AXIS)),
        ]
        made.append(
            _layered(layers).properties(width=width, height=26 * len(ys), **_title(panel.title))
        )
    if len(made) == 1:
        return made[0]
    return alt.concat(*made, columns=columns, spacing=24)


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


def strips(panels: list[Strips], rounds: int) -> Any:
    """Rows of dots around the line of their median, all to the same scale, failures as crosses."""
    shown = [strip for panel in panels for strip in panel.strips]
    names = _width([strip.look.title for strip in shown])
    width = WIDTH - names - _width([strip.words for strip in shown]) - NAMES_LEFT - 12
    farthest = max((abs(ratio - 1) for strip in shown for _, ratio in strip.points), default=0)
    step = next((step for step in (0.5, 0.2, 0.1, 0.05) if step <= farthest), 0.02)
    room = max(step * 3, farthest * 2.2)
    size = (width, names)
    return _stack([_strips(panel, rounds, size, step, room) for panel in panels])


def _strips(panel: Strips, rounds: int, size: tuple[int, int], step: float, room: float) -> Any:
    width, names = size
    count = len(panel.strips)
    x = alt.X(
        "x:Q",
        title="round",
        scale=alt.Scale(domain=[0.5, rounds + 0.5], nice=False, zero=False),
        axis=alt.Axis(
            grid=False,
            format="d",
            **({"values": list(range(1, rounds + 1))} if rounds <= 20 else {"tickMinStep": 1}),
        ),
    )

    def y(name: str) -> Any:
        scale = alt.Scale(domain=[count - 0.5, -0.5], nice=False, zero=False)
        return alt.Y(f"{name}:Q", title=None, scale=scale, axis=None)

    rows = [
        strip.look.drawn | {"y": row, "words": strip.words}
        for row, strip in enumerate(panel.strips)
    ]
    levels = [
        {"y": row - sign * step / room, "words": f"{100 * sign * step:+g} %"}
        for row, strip in enumerate(panel.strips)
        if strip.points
        for sign in (1, -1)
    ]
    dots = [
        strip.look.drawn | {"x": number, "y": row - (ratio - 1) / room, "median": row}
        for row, strip in enumerate(panel.strips)
        for number, ratio in strip.points
    ]
    failures = [
        {"x": number, "y": row} for row, strip in enumerate(panel.strips) for number in strip.failed
    ]
    layers = [
        _layer(rows, "rule", color=INK, strokeWidth=1, opacity=0.5).encode(y=y("y")),
        _layer(levels, "rule", color=INK, strokeWidth=1, opacity=GRID).encode(y=y("y")),
        _layer(dots, "rule", strokeWidth=1, opacity=0.6).encode(
            x=x, y=y("median"), y2="y:Q", stroke=_as("colour")
        ),
        _layer(dots, "point", size=40, strokeWidth=1.5, opacity=1).encode(
            x=x, y=y("y"), fill=_as("fill"), stroke=_as("colour"), shape=_as("shape")
        ),
        _layer(
            failures, "point", shape="M-1,-1L1,1M-1,1L1,-1", size=70, stroke=INK, strokeWidth=1.8
        ).encode(x=x, y=y("y")),
        _text(levels, align="right", fontSize=11).encode(x=alt.value(-6), y=y("y"), text="words:N"),
        _text(rows, align="right").encode(x=alt.value(-NAMES_LEFT), y=y("y"), text="title:N"),
        _text(rows).encode(x=alt.value(width + 12), y=y("y"), text="words:N"),
        _room(NAMES_LEFT + names, WIDTH - NAMES_LEFT - names),
    ]
    return _layered(layers).properties(width=width, height=64 * count, **_title(panel.title))


def _layered(layers: list[Any]) -> Any:
    """Those layers over each other that have anything to show."""
    return alt.layer(*(layer for layer in layers if layer.data.values))


def _layer(values: list[dict[str, Any]], mark: Mark, **how: Any) -> Any:
    """Marks of these values."""
    # a tuple, as Altair copies every list whenever a chart is put into another
    return alt.Chart(alt.InlineData(values=tuple(values)), mark=alt.MarkDef(type=mark, **how))


def _text(values: list[dict[str, Any]], **how: Any) -> Any:
    look = {"align": "left", "baseline": "middle", "fontSize": FONT_SIZE, "fill": INK}
    return _layer(values, "text", **(look | how))


def _room(left: float, right: float) -> Any:
    """A line that is not seen, so that the picture holds what is written from here to there.

    Text is measured in the fonts of this computer; the reader's may be wider.
    """
    return _layer([{}], "rule", opacity=0).encode(
        x=alt.value(-left), x2=alt.value(right), y=alt.value(0)
    )


def _as(name: str) -> Any:
    """A field that holds the colour, shape or dash itself."""
    channels: dict[str, Any] = {
        "colour": alt.Stroke,
        "fill": alt.Fill,
        "ink": alt.Fill,
        "shape": alt.Shape,
        "dash": alt.StrokeDash,
    }
    return channels[name](f"{name}:N", scale=None, legend=None)


def _title(text: str, note: str = "", offset: int = 8, room: int = WIDTH) -> dict[str, Any]:
    if not text and not note:
        return {}
    said = textwrap.wrap(note, floor(room / CHARACTER))
    how: dict[str, Any] = {"anchor": "start", "offset": offset}
    if not text:  # a subtitle is drawn with a title only
        how |= {"fontSize": FONT_SIZE, "fontWeight": "normal"}
        return {"title": alt.TitleParams(text=said, **how)}
    if said:
        how["subtitle"] = said
    return {"title": alt.TitleParams(text=text, **how)}


def _stack(panels: list[Any]) -> Any:
    return panels[0] if len(panels) == 1 else alt.vconcat(*panels, spacing=24)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _width(texts: list[str]) -> int:
    return ceil(CHARACTER * max(map(len, texts), default=0)) + 8


def unchecked() -> AbstractContextManager[None]:
    """Altair asks its schema about every part that is made, which takes longer than drawing."""
    found: AbstractContextManager[None] = debug_mode(False)
    return found


def spec(chart: Any) -> dict[str, Any]:
    """The chart as Vega-Lite has it, with what all charts look like."""
    axis: dict[str, Any] = {
        "domainColor": INK,
        "tickColor": INK,
        "labelColor": INK,
        "titleColor": INK,
    }
    title: dict[str, Any] = {
        "fontSize": 13,
        "fontWeight": "bold",
        "color": INK,
        "subtitleColor": INK,
    }
    configured = chart.configure(
        aria=False,
        background="transparent",
        font=FONT,
        axis=alt.AxisConfig(
            **axis,
            gridColor=INK,
            gridOpacity=GRID,
            domainOpacity=0.5,
            tickOpacity=0.5,
            labelFontSize=FONT_SIZE,
            titleFontSize=FONT_SIZE,
            titleFontWeight="normal",
            labelLimit=400,
            labelFlush=False,
        ),
        title=alt.TitleConfig(**title, subtitleFontSize=FONT_SIZE),
        view=alt.ViewConfig(stroke=None),
    )
    made: dict[str, Any] = configured.to_dict(validate=False)
    return made


def svg(spec: dict[str, Any], words: str) -> str:
    """The chart as an SVG document: the same bytes for the same chart.

    Its root is `<svg class="chart" role="img" aria-label=WORDS>`, then come one `<style>` and one
    `<rect class="background">`. Opened alone, or as the source of an <img>, it is dark on white.
    Put into a page's HTML it has no background and takes the page's `color`, by that style; a
    page may as well drop both elements.
    """
    version = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    drawn = vl_convert.vegalite_to_svg(spec, vl_version=version)
    root = re.match(r"<svg\b[^>]*>", drawn)
    box = re.search(r'viewBox="0 0 (\S+) (\S+)"', root[0]) if root else None
    if root is None or box is None:
        raise ValueError("vl-convert made no SVG with a viewBox")
    width, height = box.groups()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" '
        f"aria-label={quoteattr(words)} "
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" color="#1a1a1a">'
        f"<style>{STYLE}</style>"
        f'<rect class="background" width="{width}" height="{height}" fill="#fff"/>'
        f"{drawn[root.end() :].rstrip()}\n"
    )
