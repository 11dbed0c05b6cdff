"""Panels of lines, each with its name at its right end."""

from dataclasses import dataclass, field

from pipebench.show.charts import vega
from pipebench.show.charts.drawing.panel import (
    chart_of,
    cut,
    panel_title,
    room_layer,
    spread_labels,
    text_layer,
    text_width,
)
from pipebench.show.charts.drawing.scales import Scale
from pipebench.show.charts.drawing.style import BOLD, INK, LINE, WIDTH, Look
from pipebench.show.charts.vega import Channel, Rows, Spec
from pipebench.stats.estimate import Estimate

LEADER = 12
AXIS = 54


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a line; low and high: its interval; marked: it has a symbol."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    marked: bool = True


def point_of(x: float, estimate: Estimate) -> Point | None:
    """A median with its interval; None if it is not known."""
    if estimate.value is None:
        return None
    return Point(x, estimate.value, estimate.low, estimate.high)


@dataclass(frozen=True, slots=True)
class LinePanel:
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


def draw_lines(panels: list[LinePanel], x: Scale, y: Scale) -> Spec:
    """Panels of lines with their names at their right ends, two beside each other if several."""
    most = max(len(panel.lines) for panel in panels)
    columns = 1 if len(panels) == 1 else 2
    longest = 30 if columns == 1 else 20
    words = [cut(look.title, longest) for panel in panels for look, _ in panel.lines]
    names = text_width([*words, *(panel.guide_label for panel in panels)])
    width = WIDTH // columns - AXIS - 30 - names - LEADER
    height = max(330 if columns == 1 else 210, LINE * (most + 1))
    frame = Frame(x, y, width, height, longest)
    return chart_of([_lines(panel, frame, names) for panel in panels], columns)


def _lines(panel: LinePanel, frame: Frame, names: int) -> Spec:
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
        text_layer(labels, {"dx": LEADER + 3}, x=frame.across("x2"), y=frame.up("y2")),
        room_layer(0, room),
    ]
    title = panel_title(panel.title, panel.note, room=frame.width + 150)
    return vega.panel(layers, frame.width, frame.height, title)


def _line_labels(panel: LinePanel, frame: Frame) -> Rows:
    """The name of each line: where the line ends (x, y), and where its name stands (x2, y2)."""
    labels = [
        look.fields | {"x": own[-1].x, "y": own[-1].y, "words": cut(look.title, frame.longest)}
        for look, own in panel.lines
    ]
    if panel.guide:
        last = panel.guide[-1]
        labels.append({"x": last.x, "y": last.y, "colour": INK, "words": panel.guide_label})
    wanted = [frame.height * (1 - frame.y.share(label["y"])) for label in labels]
    places = spread_labels(wanted, LINE, 4, frame.height - 4)
    return [
        label | {"x2": frame.x.high, "y2": frame.y.value(1 - place / frame.height)}
        for label, place in zip(labels, places, strict=True)
    ]


def _guide(panel: LinePanel, frame: Frame) -> Spec:
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
