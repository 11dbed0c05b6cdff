"""Write a file whole or not at all, so that a reader never sees half of one."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LARGE = 50_000  # characters


def time_text(moment: float) -> str:
    """Seconds since the epoch as ISO 8601, UTC, with microseconds: a time in every record."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path`, making its folder; an old file stays until the new one is whole.

    Raises OSError (no space, no permission) with the old file untouched.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_json(path: str | Path, data: Any) -> None:
    """`write_text` of `data` as JSON: indented for people, or without a space where it is large."""
    text = json.dumps(data, ensure_ascii=False, indent=1)
    if len(text) > LARGE:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    write_text(path, f"{text}\n")
