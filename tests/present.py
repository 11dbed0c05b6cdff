"""What a test knows to be there, and whose type says that it may be missing."""

from __future__ import annotations

from typing import TypeVar

Value = TypeVar("Value")


def present(value: Value | None) -> Value:
    """The value; a failure of the test if there is none."""
    assert value is not None
    return value
