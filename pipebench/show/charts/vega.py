"""The parts of a Vega-Lite specification: marks, channels and panels.

They are the dictionaries that https://vega.github.io/vega-lite/docs/ describes.
"""

from collections.abc import Sequence
from typing import Any, Literal

Spec = dict[str, Any]
Channel = dict[str, Any]
Rows = list[dict[str, Any]]
"""What marks are drawn of: each is a row, and channels name its fields."""
Kind = Literal["bar", "line", "point", "rect", "rule", "text", "tick"]

SPACING = 24
"""Between panels, px."""


def mark(kind: Kind, **style: Any) -> Spec:
    """How each mark of a layer is drawn, as far as it is the same for all rows."""
    return {"type": kind, **style}


def layer(rows: Rows, own_mark: Spec, **channels: Channel) -> Spec:
    """Marks of these rows. channels: x, y, fill ..., and what each is drawn by."""
    return {"data": {"values": rows}, "mark": own_mark, "encoding": channels}


def quantity(field: str) -> Channel:
    """A field that is a number on an axis."""
    return {"field": field, "type": "quantitative"}


def category(field: str) -> Channel:
    """A field that is a name."""
    return {"field": field, "type": "nominal"}


def step(field: str) -> Channel:
    """A field of few values, each with the same room on the axis."""
    return {"field": field, "type": "ordinal"}


def end(field: str) -> Channel:
    """The field at which a rule ends; its start has the axis."""
    return {"field": field}


def itself(field: str) -> Channel:
    """A field that holds the colour, shape or dash itself."""
    return category(field) | {"scale": None, "legend": None}


def pixels(place: float) -> Channel:
    """The same place in the panel for every row; may be outside of it."""
    return {"value": place}


def panel(layers: Sequence[Spec], width: int, height: int, title: Spec | None) -> Spec:
    """Layers over each other, without those that have no row. title: see Vega-Lite's `title`."""
    shown = [one for one in layers if one["data"]["values"]]
    spec: Spec = {"layer": shown, "width": width, "height": height}
    return spec | ({"title": title} if title else {})


def grid(panels: Sequence[Spec], columns: int) -> Spec:
    """Panels in rows of so many; a single one stands alone."""
    if len(panels) == 1:
        return panels[0]
    return {"concat": list(panels), "columns": columns, "spacing": SPACING}
