"""The limits of whole numbers in documents."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

MOST = 2**62
"""Of a count: sums of two still fit."""
Count: TypeAlias = Annotated[int, Meta(ge=0, le=MOST)]
Positive: TypeAlias = Annotated[int, Meta(ge=1, le=MOST)]
