"""Why frameworks could not be deployed: what several have in common is said once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from pipebench.rules.outcome import NOT_DEPLOYED
from pipebench.rules.rule import Outcome
from pipebench.run.figures import CellSummary


@dataclass(frozen=True, slots=True)
class Undeployed:
    """titles: of the frameworks, two or more. reason: without a full stop."""

    titles: list[str]
    reason: str


def undeployed(rows: Iterable[CellSummary]) -> list[Undeployed]:
    """Each reason that several frameworks of a run share."""
    titles: dict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        if row.outcome == Outcome.UNAVAILABLE:
            titles[why(row)][row.title] = None
    return [Undeployed(list(own), reason) for reason, own in titles.items() if len(own) > 1]


def why(row: CellSummary) -> str:
    """The reason alone, without in how many rounds it was so."""
    return (row.reason or "").partition(f"{NOT_DEPLOYED}: ")[2]
