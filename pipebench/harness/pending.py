"""Which executions of the rounds are due on a testbed: all, or the rest if the run goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipebench.earlier.complete import Made, made
from pipebench.plan.run_plan import RunPlan
from pipebench.record.factors import PlannedCell
from pipebench.record.store import RAW


@dataclass(slots=True)
class Turns:
    """begun: when the phase began, unix s. count: measurements that are due when it begins."""

    run: RunPlan
    testbed: str
    begun: float
    complete: frozenset[Made] = field(init=False)
    count: int = field(init=False)
    taken: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        run = self.run
        self.complete = made(run, self.testbed) if run.resumption else frozenset()
        self.count = sum(
            self.is_due(RAW, run.variables.tools[0], number, cell)
            for number, cells in enumerate(run.rounds, start=1)
            for cell in cells
        )

    def is_due(self, folder: str, tool: str, number: int, cell: PlannedCell) -> bool:
        """Whether it is not complete. folder: of its record. number: of the round; 0 at a constant
        rate."""
        return Made(folder, tool, number, cell.on(self.testbed)) not in self.complete

    def has_begun(self, number: int) -> bool:
        """Whether something of this round was complete before the run went on."""
        return any(one.round == number for one in self.complete)

    def next(self) -> dict[str, Any]:
        """The fields of the next MeasurementExecution that say what time is left."""
        self.taken += 1
        return {"measuring_started": self.begun, "turn": self.taken, "turns": self.count}
