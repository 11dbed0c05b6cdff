"""Differences from a recorded run, which a person must accept before a run is made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from msgspec import Struct, structs

from pipebench.plan.mistakes import PlanError
from pipebench.plan.variables import ACCEPT_CHANGES


class Accepting(Struct, frozen=True, kw_only=True):
    """changes: what differs, in sentences, which a person has accepted."""

    accepts_changes: bool
    changes: list[str] = []

    def with_changes(self, changes: Iterable[str]) -> Self:
        """With further changes. PlanError: nobody has accepted them."""
        new = list(changes)
        if new and not self.accepts_changes:
            raise PlanError(
                *new,
                f"To go on all the same, add -e {ACCEPT_CHANGES}=true. The report will name it.",
            )
        return structs.replace(self, changes=[*self.changes, *new])
