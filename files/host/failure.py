"""What a program prints if its host cannot do its part."""

from __future__ import annotations

from typing import TypedDict


class Failed(TypedDict):
    """msg: why, in a sentence."""

    failed: bool
    msg: str


def failure(error: Exception) -> Failed:
    """That an error has ended the program; an OSError with the file that it is about."""
    sentence = str(error)
    if isinstance(error, OSError):
        sentence = f"{error.filename or 'a file'}: {error.strerror}"
    return {"failed": True, "msg": sentence}
