"""That a run goes on after an interruption, and what changed in between."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, structs

from pipebench.plan.mistakes import PlanError
from pipebench.plan.variables import ACCEPT_CHANGES


class Resumption(Struct, frozen=True, kw_only=True):
    """at: when the last record was written, ISO 8601; None if there is none.

    changes: what differs since, in sentences, which a person has accepted.
    """

    at: str | None
    accepts_changes: bool
    changes: list[str] = []

    def with_changes(self, changes: Iterable[str]) -> Resumption:
        """With further changes. PlanError: nobody has accepted them."""
        new = list(changes)
        if new and not self.accepts_changes:
            raise PlanError(
                *new,
                f"To go on all the same, add -e {ACCEPT_CHANGES}=true. The report will name it.",
            )
        return structs.replace(self, changes=[*self.changes, *new])
