"""The executions of one testbed, one after the other, whatever happens to its hosts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from pipebench.harness.execution import Answers, Execution, Hosts, carry_out, event_fields
from pipebench.harness.interrupt import Interrupted
from pipebench.harness.lines import Lines
from pipebench.harness.recovery import Recovery
from pipebench.harness.reporter import line_of
from pipebench.harness.write_record import record
from pipebench.hosts.owner import parsed
from pipebench.plan.run_plan import RunPlan
from pipebench.plan.testbeds import Testbed
from pipebench.record.assemble import Answer
from pipebench.record.progress import append_event
from pipebench.record.schema import TestbedEvent

LOOK_EVERY_S = 5
"""A testbed that waits looks so often whether its run is still wanted."""


@dataclass(frozen=True, slots=True)
class TestbedRun:
    """A testbed on which a run goes on. unavailable: the frameworks that could not be deployed."""

    run: RunPlan
    testbed: Testbed
    hosts: Hosts
    lines: Lines
    unavailable: Mapping[str, Answer] = field(default_factory=dict)
    recovery: Recovery = field(default_factory=Recovery)

    @property
    def given_up(self) -> bool:
        return bool(self.recovery.given_up)

    def make(self, executions: Iterable[Execution]) -> None:
        """Carry out each of them; on return all are recorded, or the testbed is given up.

        A record is written while the next server starts: hosts do not wait for the controller.
        After a fault the next step depends on the record, so it is waited for.
        """
        with ThreadPoolExecutor(1) as writer:
            written: Future[None] | None = None
            for execution in executions:
                if self.given_up:
                    break
                self._wait()
                answers = carry_out(execution, self.hosts)
                if written:
                    written.result()
                written = writer.submit(self._record, execution, answers, time.time())
                if answers.fault(self.testbed.server):
                    written.result()
            if written:
                written.result()

    def _wait(self) -> None:
        """Until the next execution may begin. Raises Interrupted once nobody wants it."""
        owner = parsed(self.run.owner)
        while not owner.is_dead:  # Ansible itself was killed
            left = self.recovery.next_at - time.time()
            if left <= 0:
                return
            time.sleep(min(left, LOOK_EVERY_S))
        raise Interrupted

    def _record(self, execution: Execution, answers: Answers, ended: float) -> None:
        for event in record(execution, answers, ended, self.recovery):
            self.show(event)

    def say(self, event: TestbedEvent) -> None:
        """Write an event that no execution has, and show it."""
        append_event(self.run.results_dir, event)
        self.show(event)

    def show(self, event: TestbedEvent) -> None:
        line = line_of(event, self.run)
        if line:
            self.lines.say(line)

    def now(self) -> dict[str, Any]:
        """What every event of this testbed has."""
        return event_fields(self.run, self.testbed.name, time.time())
