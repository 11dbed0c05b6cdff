"""Values for people. A missing value (None, NaN) becomes a dash, never `nan`."""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from pipebench.record.values import harmless, line

MISSING = "-"
SPECIAL = re.compile(r"([\\`*<|\[&]|(?<![^\W_])_|_(?![^\W_]))")
"""What Markdown takes for more than a letter, anywhere in a line."""
BLOCK_START = re.compile(
    r"\A(\d{0,9})(#{1,6}(?=\s|\Z)|>|[-+](?=\s)|-{2,}(?=[-\s]*\Z)|=+(?=[=\s]*\Z)|~{3}|[.)](?=\s|\Z))"
)
"""What makes a line the beginning of a heading, a quotation, a list, or a rule."""


def missing(value: Any) -> bool:
    """None or a NaN."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def _or_dash(form: Callable[[float], str]) -> Callable[[Any], str]:
    def formatted(value: Any) -> str:
        return MISSING if missing(value) else form(float(value))

    return formatted


def _number(value: float) -> str:
    """Three figures at least, all of an integer part: 37,235 / 37.2 / 3.72 / 0.372."""
    if value == 0:
        return "0"
    digits = math.floor(math.log10(abs(value))) + 1
    return f"{value:,.{max(0, min(3, 3 - digits))}f}"


def _duration(us: float, number: Callable[[float], str] = _number) -> str:
    """Microseconds as us, ms or s."""
    for size, unit in ((1e6, "s"), (1e3, "ms")):
        if us >= size:
            return f"{number(us / size)} {unit}"
    return f"{number(us)} us"


def _two_figures(value: float) -> str:
    """Rounded for reading: 470,000 / 47 / 4.7 / 0.47."""
    rounded = float(f"{value:.1e}")
    digits = math.floor(math.log10(abs(rounded))) + 1 if rounded else 1
    return f"{rounded:,.{max(0, 2 - digits)}f}"


def _percent(share: float) -> str:
    """Rounded for reading: 78 % / 7 % / 1.7 %; only a share of 1 is 100 %."""
    percent = 100 * share
    if percent < 5:
        return f"{percent:.2g} %"
    decimals = 0
    while percent != 100 and f"{percent:.{decimals}f}" in ("100", "100.0") and decimals < 2:
        decimals += 1
    return f"{percent:.{decimals}f} %"


def _printed(us: float) -> str:
    """Microseconds as in the table of 2017: 0.00us is its zero."""
    for size, unit in ((1e6, "s"), (1e3, "ms")):
        if us >= size:
            return f"{us / size:.2f}{unit}"
    return f"{us:.2f}us"


def _size(count: float) -> str:
    """Bytes as KiB, MiB or GiB."""
    for power, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if count >= 2**power:
            return f"{_number(count / 2**power)} {unit}"
    return f"{count:.0f} B"


def _ratio(value: float) -> str:
    """Two decimals; more if it is very small, or not quite 1."""
    if value < 0.1:
        return f"{value:.2g}"
    return f"{value:.{3 if 0 < abs(value - 1) < 0.01 else 2}f}"


integer = _or_dash(lambda value: f"{value:,.0f}")
number = _or_dash(_number)
ratio = _or_dash(_ratio)
us = _or_dash(_duration)
printed = _or_dash(_printed)
size = _or_dash(_size)
two_figures = _or_dash(_two_figures)
percent = _or_dash(_percent)


def about_us(value: Any) -> str:
    """Microseconds as us, ms or s, rounded for reading."""
    return MISSING if missing(value) else _duration(float(value), _two_figures)


def listed(names: Sequence[str]) -> str:
    """`a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def text(value: Any) -> str:
    """A text on one line, escaped for Markdown; a dash if there is none."""
    if missing(value) or value == "":
        return MISSING
    words = " ".join(line(str(value)).split())
    return _no_block(SPECIAL.sub(r"\\\1", words))


def _no_block(words: str) -> str:
    return BLOCK_START.sub(r"\1\\\2", words)


def alt(value: str) -> str:
    """The alternative text of a picture in Markdown: on one line, brackets escaped."""
    return re.sub(r"\]", r"\\]", text(value))


def block(value: str, language: str = "") -> str:
    """A Markdown code block; its fence is longer than any in the text."""
    value = harmless(value)
    longest = max((len(run) for run in re.findall(r"`+", value)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{value.rstrip()}\n{fence}"


def plain(value: Any) -> str:
    """A text unchanged; a dash if there is none."""
    return MISSING if missing(value) or value == "" else str(value)


def code(value: str) -> str:
    """A name inside of backticks."""
    return line(value).replace("`", "'")


def note(value: str) -> str:
    """A note, which is Markdown itself: one paragraph, without tags of HTML and pictures."""
    words = " ".join(line(value).split()).replace("<", "\\<").replace("![", "!\\[")
    return _no_block(words)


FILTERS = {
    "integer": integer,
    "ratio": ratio,
    "us": us,
    "text": text,
    "alt": alt,
    "block": block,
    "code": code,
    "note": note,
}
"""For the templates."""
