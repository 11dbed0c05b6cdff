"""What panels of every kind have: texts, titles, room, and places of labels.

Positions of labels are computed here, so that none covers another.
"""

import textwrap
from collections.abc import Sequence
from math import ceil, floor

from pipebench.show.charts import vega
from pipebench.show.charts.drawing.style import CHARACTER, CONFIG, FONT_SIZE, INK, WIDTH
from pipebench.show.charts.vega import Channel, Rows, Spec


def spread_labels(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
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


def text_layer(rows: Rows, style: Spec | None = None, **channels: Channel) -> Spec:
    """Words of each row: those of its field `words`, unless the channel `text` is another."""
    look = {"align": "left", "baseline": "middle", "fontSize": FONT_SIZE, "fill": INK}
    words = {"text": vega.category("words")}
    return vega.layer(rows, vega.mark("text", **(look | (style or {}))), **(words | channels))


def room_layer(left: float, right: float) -> Spec:
    """A line that is not seen, so that the picture holds what is written from here to there.

    Text is measured in the fonts of this computer; the reader's may be wider.
    """
    unseen = vega.mark("rule", opacity=0)
    return vega.layer([{}], unseen, x=vega.pixels(-left), x2=vega.pixels(right), y=vega.pixels(0))


def panel_title(text: str, note: str = "", offset: int = 8, room: int = WIDTH) -> Spec | None:
    """A panel's title with its note under it, as many lines as it has."""
    place: Spec = {"anchor": "start", "offset": offset}
    lines = textwrap.wrap(note, floor(room / CHARACTER))
    if text:
        return {"text": text, **place, **({"subtitle": lines} if lines else {})}
    if lines:  # a subtitle is drawn with a title only
        return {"text": lines, **place, "fontSize": FONT_SIZE, "fontWeight": "normal"}
    return None


def chart_of(panels: list[Spec], columns: int = 1) -> Spec:
    return {"config": CONFIG, **vega.grid(panels, columns)}


def cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def text_width(texts: list[str]) -> int:
    return ceil(CHARACTER * max(map(len, texts), default=0)) + 8
