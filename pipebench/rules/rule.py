"""What a rule for the outcome is: one declaration, beside the function that checks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Generic, NamedTuple, TypeVar

from pipebench.measure.measurement import Measurement

LAST_PLACE = 1000
"""Of a rule that does not say where it stands among the others."""


class Outcome(StrEnum):
    """From best to worst. INVALID is not a result: a fault of the harness or of the record."""

    OK = "ok"
    DEGRADED = "degraded"
    INVALID = "invalid"
    FAILED = "failed"
    UNAVAILABLE = "unavailable"


class Broken(NamedTuple):
    """What a check has seen: the outcome that follows, and a sentence with its figures."""

    outcome: Outcome
    sentence: str


class When(Enum):
    """FIRST: if it is broken, no other rule is applied. LAST: only if no other rule is broken."""

    FIRST = auto()
    USUAL = auto()
    LAST = auto()


ContextT = TypeVar("ContextT")
Check = Callable[[Measurement, ContextT], Broken | None]


@dataclass(frozen=True, slots=True)
class Verb:
    """What a framework does that breaks the rule, for one framework and for several."""

    one: str
    several: str


@dataclass(frozen=True, slots=True)
class Rule(Generic[ContextT]):
    """One thing that is checked.

    verb: for the first sentences of a report; None if the rule accuses no framework. place: of
    several broken rules, the verb of the one with the least place is used.
    """

    check: Check[ContextT]
    verb: Verb | None
    place: int
    when: When

    @property
    def name(self) -> str:
        return self.check.__name__


class Rules(Generic[ContextT]):
    """The rules in the order of their declarations, which is that of their sentences."""

    def __init__(self) -> None:
        self.all: list[Rule[ContextT]] = []

    def __call__(
        self,
        one: str | None = None,
        several: str | None = None,
        *,
        place: int = LAST_PLACE,
        when: When = When.USUAL,
    ) -> Callable[[Check[ContextT]], Check[ContextT]]:
        """Declare the function below as a rule: `@rule("crashes", "crash")`.

        one, several: see Verb; without them the rule accuses no framework.
        """
        verb = Verb(one, several) if one and several else None

        def declare(check: Check[ContextT]) -> Check[ContextT]:
            self.all.append(Rule(check, verb, place, when))
            return check

        return declare

    def of(self, when: When) -> list[Rule[ContextT]]:
        return [rule for rule in self.all if rule.when == when]

    def headline(self, names: tuple[str, ...]) -> Rule[ContextT] | None:
        """Of several broken rules, by name, the one whose verb is used; None if none has one."""
        worded = [rule for rule in self.all if rule.name in names and rule.verb]
        return min(worded, key=lambda rule: rule.place, default=None)
