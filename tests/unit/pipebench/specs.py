"""What a chart hands to Vega-Lite, asked for by what it means: its rows, its words, its axes."""

from collections.abc import Iterator
from math import log10
from typing import Any

Spec = dict[str, Any]


def panels(spec: Spec) -> list[Spec]:
    """The panels of a chart; one without several is its only panel."""
    several: list[Spec] = spec.get("concat") or [spec]
    return several


def layers(spec: Spec) -> Iterator[tuple[Spec, list[dict[str, Any]]]]:
    """Every mark of a chart that can be seen, with its rows."""
    for panel in panels(spec):
        for layer in panel["layer"]:
            if layer["mark"].get("opacity") != 0:
                yield layer, layer["data"]["values"]


def rows(spec: Spec, kind: str, field: str = "") -> list[dict[str, Any]]:
    """The rows of the marks of one kind (bar, point, rule ...), of those that have a field."""
    return [
        row
        for layer, values in layers(spec)
        for row in values
        if layer["mark"]["type"] == kind and (not field or field in row)
    ]


def words(spec: Spec) -> list[str]:
    """All that is written beside the marks, and the titles with what is under them."""
    written = [
        row[layer["encoding"]["text"]["field"]]
        for layer, values in layers(spec)
        for row in values
        if layer["mark"]["type"] == "text"
    ]
    titles = [panel.get("title", {}) for panel in panels(spec)]
    said = [title.get(part, "") for title in titles for part in ("text", "subtitle")]
    return written + [one if isinstance(one, str) else " ".join(one) for one in said]


def places(panel: Spec, kind: str, field: str) -> list[float]:
    """How far from the top of a panel the marks of one kind are that have a field, px.

    Of a logarithmic axis, by its domain.
    """
    found = []
    for layer, values in layers(panel):
        if layer["mark"]["type"] == kind and layer["encoding"]["y"]["field"] == field:
            low, high = layer["encoding"]["y"]["scale"]["domain"]
            assert layer["encoding"]["y"]["scale"]["type"] == "log"
            share = [log10(row[field] / low) / log10(high / low) for row in values]
            found += [panel["height"] * (1 - one) for one in share]
    return found


def axis(spec: Spec, kind: str, channel: str) -> Spec:
    """The scale that the marks of one kind are drawn by."""
    found: Spec = next(
        layer["encoding"][channel]["scale"]
        for layer, _ in layers(spec)
        if layer["mark"]["type"] == kind
    )
    return found
