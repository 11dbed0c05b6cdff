"""What a plan says of an earlier run, which it continues or repeats, and what differs from that.

A person must accept each difference before a run is made.
A record is data, and may be somebody else's. What decides which code runs, or what a host is set
to, is accepted by its name only; `true` accepts what merely differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

from msgspec import Struct, field, structs

from pipebench.documents.declared import listed
from pipebench.plan.errors import PlanError
from pipebench.plan.project import ROOT
from pipebench.plan.variables import ACCEPT_CHANGES
from pipebench.record.values import harmless

FRAMEWORKS, HOSTS, TESTBEDS, VARIABLES = "frameworks", "hosts", "testbeds", "variables"
FILES, HOST_PROGRAMS, PACKAGES, BUILDS = "files", "programs", "packages", "builds"
TUNING, PAUSES, INTERRUPTS = "tuning", "pauses", "interrupts"

BY_TRUE = (FRAMEWORKS, HOSTS, TESTBEDS, VARIABLES)
"""Changes that `true` accepts: what is not here, or is another machine."""
BY_NAME = (BUILDS, FILES, INTERRUPTS, PACKAGES, PAUSES, HOST_PROGRAMS, TUNING)
"""Changes that only their own name accepts: other code, and what hosts are set to."""
NAMES = tuple(sorted((*BY_TRUE, *BY_NAME)))
TRUE, FALSE = ("true", "yes"), ("false", "no")


class Change(NamedTuple):
    """name: of NAMES, by which it is accepted. text: a sentence."""

    name: str
    text: str


def accepted_names(given: Mapping[str, Any]) -> list[str]:
    """What `bench_accept_changes` accepts, sorted. PlanError: a word of it is not known."""
    value = given.get(ACCEPT_CHANGES)
    value = value.split(",") if isinstance(value, str) else value
    words = value if isinstance(value, list | tuple) else [] if value is None else [value]
    names: set[str] = set()
    wrong = []
    for word in (str(one).strip() for one in words):
        if word.lower() in TRUE:
            names |= set(BY_TRUE)
        elif word in NAMES:
            names.add(word)
        elif word and word.lower() not in FALSE:
            wrong.append(word)
    if wrong:
        raise PlanError(
            f"{ACCEPT_CHANGES} has {listed(map(repr, wrong))}; it must be true, false, or some of "
            f"{', '.join(NAMES)}."
        )
    return sorted(names)


class Accepting(Struct, frozen=True, kw_only=True):
    """accepts: names of changes that a person accepts. changes: those there are, in sentences."""

    accepts: list[str] = []
    changes: list[str] = []

    def with_changes(self, changes: Iterable[Change]) -> Self:
        """With further changes. PlanError: nobody has accepted one of them.

        The error has the sentence of each with its name, and what accepts them.
        """
        new = [Change(one.name, one_line(one.text)) for one in changes]
        refused = {one.name for one in new} - set(self.accepts)
        if refused:
            raise PlanError(
                *(f"{one.text} [{one.name}]" for one in new if one.name in refused),
                f"To go on all the same, add -e {ACCEPT_CHANGES}={self._words(refused)}. "
                "The report will name what was accepted.",
            )
        return structs.replace(self, changes=[*self.changes, *(one.text for one in new)])

    def _words(self, refused: Iterable[str]) -> str:
        """What must be typed for these, and for what is accepted already."""
        names = {*self.accepts, *refused}
        by_true = set(BY_TRUE) if names >= set(BY_TRUE) else set()
        return ",".join([*(TRUE[:1] if by_true else ()), *sorted(names - by_true)])


class Resumption(Accepting, frozen=True, kw_only=True):
    """That a run goes on after an interruption.

    at: when the last record was written, ISO 8601; None if there is none."""

    at: str | None


class Repetition(Accepting, frozen=True, kw_only=True):
    """That a run measures again what an earlier run measured.

    run_id, folder: of the earlier run; the folder is absolute.

    unknown: what could not be compared with it, in sentences.
    """

    run_id: str
    folder: str
    unknown: list[str] = field(default_factory=list)


def path_from(folder: Path, results: Path) -> str:
    """The folder of an earlier run, as a run in the folder `results` notes it.

    Relative to `results`, or else to the project, so that both can be moved; or else absolute.
    """
    for place in (results, ROOT):
        if folder.is_relative_to(place):
            return str(folder.relative_to(place))
    return str(folder)


def places_of(path: str, results: Path) -> list[Path]:
    """Where the folder that `path_from` noted may be."""
    return [results / path, ROOT / path]


def one_line(text: str) -> str:
    """A sentence with a record's words, as a terminal may show it."""
    return harmless(" ".join(text.split()))
