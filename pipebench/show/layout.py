"""The layout of text on a terminal of 100 columns."""

import textwrap
from collections.abc import Iterable

COLUMNS = 100
INDENT = "  "


def wrapped(text: str, indent: str = "", hanging: str | None = None) -> str:
    """A paragraph; hanging: the beginning of all lines but the first (default: as the first)."""
    return textwrap.fill(
        text,
        COLUMNS,
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_on_hyphens=False,
    )


def section(heading: str, pairs: Iterable[tuple[str, str]]) -> str:
    """A heading, and under it names with their texts, which begin in one column."""
    listed = [(name, text) for name, text in pairs if text]
    width = max((len(name) for name, _ in listed), default=0) + 2
    lines = [
        wrapped(text, f"{INDENT}{name.ljust(width)}", " " * (len(INDENT) + width))
        for name, text in listed
    ]
    return "\n".join([heading, *lines])
