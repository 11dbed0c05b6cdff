"""That a run goes on after an interruption, and what changed in between."""

from __future__ import annotations

from pipebench.plan.accepting import Accepting


class Resumption(Accepting, frozen=True, kw_only=True):
    """at: when the last record was written, ISO 8601; None if there is none."""

    at: str | None
