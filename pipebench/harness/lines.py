"""The lines that a person sees of a testbed while its executions go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

from pipebench.record.values import harmless, line

SILENCE_S = 60
"""So long a log of one testbed has no line."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line or several. trouble: shown in colour. passing: for a person who looks on."""

    text: str
    trouble: bool = False
    passing: bool = False

    @classmethod
    def of(cls, texts: Iterable[str], *, trouble: bool = False, passing: bool = False) -> Self:
        """Each text is one line, whoever's words are in it: nobody forges a line of the run."""
        return cls("\n".join(map(line, texts)), trouble=trouble, passing=passing)


class Lines:
    """Shows lines as they come; those that are passing all, or one after so long a silence.

    show: is given the text, and whether it is trouble. every: whether a person looks on.
    silence_s: longer if several testbeds share a log.
    """

    def __init__(
        self, show: Callable[[str, bool], None], *, every: bool, silence_s: float = SILENCE_S
    ) -> None:
        self._show, self._every, self._silence_s = show, every, silence_s
        self._last = time.monotonic()

    def say(self, told: Line) -> None:
        now = time.monotonic()
        if not told.text or (
            told.passing and not self._every and now - self._last < self._silence_s
        ):
            return
        self._last = now
        self._show(harmless(told.text), told.trouble)
