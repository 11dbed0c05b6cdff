"""Why a framework cannot be tried."""

from __future__ import annotations


class TrialError(Exception):
    """A sentence without its full stop. log: what was printed by what failed; None: nothing ran."""

    def __init__(self, sentence: str, log: str | None = None) -> None:
        super().__init__(sentence)
        self.log = log


class NotHereError(TrialError):
    """This computer lacks something, which is no fault of the framework."""
