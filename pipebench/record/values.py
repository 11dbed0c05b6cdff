"""Values of a record as a reader writes them, and nested ones by name."""

import math
import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import force_setattr

CONTROLS = re.compile(
    r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
    r"|[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
    r"|[\U000e0000-\U000e007f]"
)
"""What a terminal or a page obeys instead of showing it: escapes, marks that turn the direction of
what follows, letters that nobody sees; not the ends of lines."""
LINE_ENDS = re.compile(r"\s*[\n\u2028\u2029]\s*")
NOT_A_LETTER = re.compile(r"[\ud800-\udfff]")
"""Half of a letter, as a name that is not UTF-8 has it: it can be written nowhere."""
LONGEST = 4000
"""Letters of a stranger's text on one line."""
LONGEST_LIST = 20
"""Of a list that may be long so many entries are shown."""
LONGEST_BLOCK = 1_000_000
"""Letters of one of many lines, the last of which count."""
BLOCKS = frozenset({"log", "journal", "stdout", "stderr", "argv", "command"})
"""Fields of documents that are shown as they are, each line by itself."""


HIDDEN = "NOT-RECORDED"
"""Stands for what may be a secret: a run is published."""
CREDENTIALS = re.compile(r"(?<=://)[^/\s'\"`]*@|[^\s/:@'\"=]+:[^\s/@'\"]+@(?=[\w.\[-])")
"""A user, or a user and a password, before the host of a URL."""


def without_credentials(text: str) -> str:
    """A text of a program with HIDDEN for the credentials of proxies and indexes."""
    return CREDENTIALS.sub(f"{HIDDEN}@", text)


def harmless(text: str) -> str:
    """A stranger's text (a log, a server's answer, a name) as any terminal or page may show it."""
    if text.isprintable():
        return text
    return NOT_A_LETTER.sub("\N{REPLACEMENT CHARACTER}", CONTROLS.sub("", text))


def line(text: str) -> str:
    """The same on one line, which it cannot forge another one with."""
    cut = "" if len(text) <= LONGEST else " ..."
    return LINE_ENDS.sub(" ", harmless(text[:LONGEST])) + cut


def worded(document: Any, *, block: bool = False) -> Any:
    """A document in which every text is harmless, and on one line unless it is one of BLOCKS.

    Whoever reads a document for people does so through this, so that what is made of it may be
    written anywhere. A Struct is changed itself; of an object, the names are texts, too.
    """
    if type(document) is str:  # not an Enum
        return harmless(document[-LONGEST_BLOCK:]) if block else line(document)
    if isinstance(document, msgspec.Struct):
        for name in document.__struct_fields__:
            value = getattr(document, name)
            if isinstance(value, str | list | dict | msgspec.Struct):
                force_setattr(document, name, worded(value, block=name in BLOCKS))
        return document
    if isinstance(document, list):
        return [worded(item, block=block) for item in document]
    if isinstance(document, dict):
        return {
            line(str(key)): worded(value, block=key in BLOCKS) for key, value in document.items()
        }
    return document


def first_of(sentences: Sequence[str], most: int = LONGEST_LIST) -> list[str]:
    """The first of many sentences, and how many more there are."""
    more = len(sentences) - most
    return [*sentences[:most], *([f"and {more:,} more like these"] if more > 0 else [])]


def words(value: Any) -> str:
    """A JSON value in words."""
    if isinstance(value, list):
        return ", ".join(words(item) for item in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


def flat(value: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested values in words, names joined by dots; without what was not known (null)."""
    by_name: dict[str, str] = {}
    for key, inner in value.items():
        name = f"{prefix}{key}"
        if isinstance(inner, dict):
            by_name |= flat(inner, f"{name}.")
        elif not (inner is None or (isinstance(inner, float) and math.isnan(inner))):
            by_name[name] = words(inner)
    return by_name
