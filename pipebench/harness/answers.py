"""A window in which the load tool checks every answer, and nothing is measured.

To the server it is a measurement like all others: it is started anew, warmed up and loaded in the
same way, in a round that only the run's seed decides.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from pipebench.harness.measurement import CellExecution
from pipebench.measure.measurement import Totals
from pipebench.plan.run_plan import RunPlan
from pipebench.plan.schedule import least_rounds
from pipebench.record.factors import PlannedCell
from pipebench.record.schema import AnswersChecked, Record
from pipebench.record.store import answers_file


class Turn(NamedTuple):
    """When the answers of a cell are checked. first: before it is measured in that round."""

    round: int
    first: bool


def checked_in(run: RunPlan, cell: PlannedCell) -> Turn:
    """The same for the same seed, so that a run that goes on does not check twice."""
    draw = random.Random(f"{run.variables.order_seed} {cell}")  # noqa: S311 (a choice, no secret)
    return Turn(draw.randint(1, least_rounds(run.variables.rounds)), draw.random() < 0.5)


@dataclass(frozen=True, kw_only=True)
class AnswersExecution(CellExecution):
    """A cell whose answers are checked, all of them."""

    check: ClassVar[bool] = True
    round: int

    def file(self, record: Record) -> str:
        return answers_file(record)

    def event(self, record: Record, totals: Totals | None, ended: float) -> AnswersChecked:
        """Without a rate, which would be nobody's."""
        common = self.common(record, totals, ended) | {"requests_per_s": None}
        if totals:
            common["said"] = f"{totals.requests:,} answers"
        return AnswersChecked(**common, round=self.round)
