"""The clocks of a testbed's load generators, before its rounds and after them.

A clock that cannot be compared is not a fault: the hosts' clocks are then taken for the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipebench.harness.execution import (
    Answers,
    Execution,
    Finished,
    address_of,
    on_testbed,
    unusable,
)
from pipebench.harness.host_program import Call
from pipebench.plan.run_plan import RunPlan
from pipebench.plan.testbeds import Testbed
from pipebench.record import assemble
from pipebench.record.folder import exists
from pipebench.record.reading import read
from pipebench.record.schema import SCHEMA_VERSION, Clock, ClockRecord, Notice, RecordError
from pipebench.record.store import clock_file, time_text

PROGRAM = "host.clock"
LONGEST_S = 30
"""Then its host ends it."""
BEFORE: Literal["before"] = "before"
AFTER: Literal["after"] = "after"


@dataclass(frozen=True, kw_only=True)
class ClockExecution(Execution):
    """Every load generator compares its clock with the server's."""

    moment: Literal["before", "after"]

    @property
    def start(self) -> Call:
        return self.holding_call(LONGEST_S, PROGRAM, state="started", **address_of(self.testbed))

    def loads(self, server_time: float | None) -> Mapping[str, Call]:  # noqa: ARG002
        order = {"state": "measured", **address_of(self.testbed)}
        call = self.holding_call(LONGEST_S, PROGRAM, **order)
        return dict.fromkeys(self.testbed.generators, call)

    def stop(self, since: float | None) -> Call:  # noqa: ARG002 (it has no journal)
        return self.call(PROGRAM, state="stopped")

    def finished(self, answers: Answers, ended: float) -> Finished:
        """Its record; an event only if a clock could not be compared."""
        error, clocks = answers.fault(self.testbed.server), []
        for name, load in answers.loads.items():
            try:
                clocks += [assemble.clock(name, load)] if "offset_s" in load else []
            except RecordError as problem:
                error = unusable(problem)
        record = ClockRecord(
            schema_version=SCHEMA_VERSION,
            run_id=self.run.run_id,
            testbed=self.testbed.name,
            moment=self.moment,
            ended=time_text(ended),
            clocks=clocks,
            error=error,
        )
        file = clock_file(record.testbed, record.moment)
        if not error:
            return Finished(file=file, document=record)
        place = on_testbed(self.run, record.testbed)
        said = f"The clocks{place} were not compared: {error}"
        return Finished(file=file, document=record, event=Notice(**self.at(ended), said=said))


def clocks_before(run: RunPlan, testbed: Testbed) -> dict[str, Clock]:
    """The clocks of a testbed before its rounds, by load generator; those that were compared."""
    folder, file = Path(run.results_dir), clock_file(testbed.name, BEFORE)
    clocks = read(folder, file, ClockRecord).clocks if exists(folder, file) else []
    return {clock.generator: clock for clock in clocks}
