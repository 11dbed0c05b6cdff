"""Values of a record as a reader writes them, and nested ones by name."""

import math
import re
from typing import Any

from pipebench.record.schema import Workers

CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a terminal obeys instead of showing it; not the ends of lines."""


HIDDEN = "NOT-RECORDED"
"""Stands for what may be a secret: a run is published."""
CREDENTIALS = re.compile(r"(?<=://)[^/\s'\"`]*@|[^\s/:@'\"=]+:[^\s/@'\"]+@(?=[\w.\[-])")
"""A user, or a user and a password, before the host of a URL."""


def without_credentials(text: str) -> str:
    """A text of a program with HIDDEN for the credentials of proxies and indexes."""
    return CREDENTIALS.sub(f"{HIDDEN}@", text)


def harmless(text: str) -> str:
    """A stranger's text (a log, a server's answer) as any terminal may show it."""
    return CONTROLS.sub("", text)


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


def workers_words(workers: Workers) -> str:
    """`1 worker`, `4 workers`, `all workers`."""
    return f"{workers} worker{'' if workers == 1 else 's'}"
