"""What is said of Ansible's errors and warnings, and of paths, at the door.

Importing Ansible takes half a second, so this module is imported when it is needed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ansible._internal._datatag._tags import Origin
from ansible.utils.display import Display

from pipebench.door.paths import shown_path


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without Ansible's warnings: it gives them again when it runs."""
    display = Display()
    kept = display.display
    display.display = lambda *_words, **_options: None
    try:
        yield
    finally:
        display.display = kept


def one_line(error: Exception) -> str:
    """An error of Ansible in its first sentence, behind the file that it is in, if it says so."""
    text = str(getattr(error, "message", error)).strip()
    first = text.splitlines()[0].rstrip(".") if text else type(error).__name__
    chain = (error, error.__cause__, error.__context__)
    origins = (getattr(one, "obj", None) for one in chain)
    origin = next((one for one in origins if isinstance(one, Origin) and one.path), None)
    if origin is None or origin.path is None:
        return first
    return f"{shown_path(Path(origin.path))}, line {origin.line_num}: {first}"
