"""A chart of bars as a list in HTML, which a phone shows without scrolling to the side."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from pipebench.show.charts.drawing.bars import BarPanel
from pipebench.show.charts.drawing.style import INK


class Item(NamedTuple):
    """A bar of the list. value: its length; None if it has only words."""

    title: str
    words: str
    value: float | None
    colour: str
    hollow: bool


def bar_list(title: str, panels: Sequence[BarPanel]) -> str:
    """The data of the chart, in HTML. title: of the chart, as plain text."""
    lists = [(panel.title, _items(panel)) for panel in panels]
    longest = max(item.value or 0 for _, items in lists for item in items)
    parts = [f"<p>{escape(title)}</p>"]
    for place, items in lists:
        parts += [f"<p>{escape(place)}</p>"] if place else []
        parts.append(f'<ul class="bars">\n{"".join(_html(item, longest) for item in items)}</ul>')
    return "\n".join(parts)


def _items(panel: BarPanel) -> list[Item]:
    """The bars, and last the value that the chart marks with a line across them."""
    items = [
        Item(
            bar.look.title,
            bar.words,
            bar.figure.value,
            bar.look.colour,
            bar.look.hollow,
        )
        for bar in panel.bars
    ]
    return items + ([Item(panel.line[1], "", panel.line[0], INK, True)] if panel.line else [])


def _html(item: Item, longest: float) -> str:
    bar = ""
    if item.value is not None:
        name = "bar hollow" if item.hollow else "bar"
        style = f"width:{100 * item.value / longest:.2f}%;color:{item.colour}"
        bar = f'<span class="track"><span class="{name}" style="{style}"></span></span>'
    return (
        f'<li><span class="who">{escape(item.title)}</span> '
        f'<span class="value">{escape(item.words)}</span>{bar}</li>\n'
    )
