"""A window in which the load tool checks every answer, and nothing is measured.

To the server it is a measurement like all others: it is started anew, warmed up and loaded in the
same way, in a round that only the run's seed decides.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from pipebench.harness.execution import Answers, Finished
from pipebench.harness.host_program import Call
from pipebench.harness.measurement import CellExecution, result_text, totals_of
from pipebench.plan.run_plan import RunPlan
from pipebench.plan.schedule import least_rounds
from pipebench.record.factors import PlannedCell
from pipebench.record.schema import AnswersChecked
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

    round: int

    def loads(self, server_time: float | None) -> Mapping[str, Call]:
        return {
            name: replace(call, order={**call.order, "check": True})
            for name, call in super().loads(server_time).items()
        }

    def finished(self, answers: Answers, ended: float) -> Finished:
        """Its record, which is not a raw record, and its event."""
        record = self.record(answers, ended)
        file = answers_file(record)
        totals = None if record.harness_fault else totals_of(record, file)
        return Finished(
            file=file,
            document=record,
            fault=record.harness_fault,
            event=AnswersChecked(
                **self.at(ended) | self.cell.factors,
                round=self.round,
                requests_per_s=None,
                said=f"{totals.requests:,} answers" if totals else result_text(record, totals),
                record=file,
            ),
        )
