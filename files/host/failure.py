"""What a program prints if its host cannot do its part."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TypedDict

from host.lease import HeldError
from host.transient import TransientError


class Failed(TypedDict):
    """msg: why, in a sentence."""

    failed: bool
    msg: str


def failure(error: Exception) -> Failed:
    """That an error has ended the program; an OSError with the file that it is about."""
    if isinstance(error, (HeldError, TransientError)):
        sentence = str(error)
    elif isinstance(error, OSError):
        sentence = f"{error.filename or 'a file'}: {error.strerror or error}"
    else:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}, line {place.lineno}"
        sentence = f"an error of the program itself, {type(error).__name__}: {error} ({where})"
    return {"failed": True, "msg": sentence}
