"""What the harness could not do, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def fault_of(step: str, result: Mapping[str, Any] | None) -> str | None:
    """A sentence on what went wrong with the harness in one task, or None."""
    if not result or not (result.get("failed") or result.get("unreachable")):
        return None
    what = "host did not answer" if result.get("unreachable") else "task failed"
    said = result.get("msg") or result.get("module_stderr") or result.get("exception") or ""
    # bytes that are not text reach here as half characters, which no record can hold
    text = str(said).encode(errors="replace").decode().strip()
    return f"{step}: {what}: {text[:2000]}"
