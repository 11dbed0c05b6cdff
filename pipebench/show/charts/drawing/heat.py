"""Panels of cells by x and y, shaded by their share of the greatest."""

from dataclasses import dataclass

from pipebench.show.charts import vega
from pipebench.show.charts.drawing.lines import AXIS
from pipebench.show.charts.drawing.panel import chart_of, panel_title, room_layer, text_layer
from pipebench.show.charts.drawing.style import BOLD, INK, WIDTH
from pipebench.show.charts.vega import Channel, Spec


@dataclass(frozen=True, slots=True)
class HeatPanel:
    """A panel of cells by x and y. share: 0 to 1, or None where `words` stand alone."""

    title: str
    cells: list[tuple[int, int, float | None, str]]


def draw_heat(panels: list[HeatPanel], x_title: str, y_title: str) -> Spec:
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
    return chart_of([_heat(panel, across, up, size) for panel in panels], columns)


def _heat(panel: HeatPanel, across: Channel, up: Channel, size: tuple[int, int]) -> Spec:
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
        text_layer(cells, {"align": "center"}, x=across, y=up, fill=vega.itself("ink")),
        room_layer(0, max(width, BOLD * len(panel.title) - AXIS)),
    ]
    return vega.panel(layers, width, height, panel_title(panel.title))


def _ink(share: float | None) -> str:
    if share is None:
        return INK
    return "#fff" if share > 0.6 else "#1a1a1a"
