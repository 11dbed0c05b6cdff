"""How the charts look: who has which colour and shape, fonts, and what all of them share.

Nothing here knows a run. Colours are those of Okabe and Ito that are seen on white and on black;
no chart needs them to be read: every line and bar has its name beside it. Text and axes are drawn
in `currentColor`.
"""

from dataclasses import dataclass
from typing import Any

from pipebench.show.charts.vega import Spec

WIDTH = 760
"""Of every chart, px, about: a long name may make it a little wider."""
FONT = "Helvetica, Arial, sans-serif"
FONT_SIZE = 12
CHARACTER = 7.2
"""Mean width of a character of that size, px, in the widest of the usual fonts."""
BOLD = 8.4
"""The same of a title's."""
LINE = 15
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
    """How one framework is drawn in every chart. hollow: it repeats another one."""

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
