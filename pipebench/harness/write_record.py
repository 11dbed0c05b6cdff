"""Write the record of an execution, and what happened in it."""

from __future__ import annotations

import time
from pathlib import Path

from pipebench.harness.execution import Answers, Execution
from pipebench.harness.recovery import Recovery
from pipebench.record.progress import append_event
from pipebench.record.schema import GivenUp, HarnessFault, Pause, TestbedEvent
from pipebench.record.store import write


def record(
    execution: Execution, answers: Answers, ended: float, recovery: Recovery
) -> list[TestbedEvent]:
    """The events of it, which are written. pipebench/record/schema.py describes the records.

    ended: when the last answer came, unix s. recovery: of its testbed; the execution is counted.
    """
    folder = Path(execution.run.results_dir)
    finished = execution.finished(answers, ended)
    write(folder, finished.file, finished.document)
    events: list[TestbedEvent] = [finished.event] if finished.event else []
    fault = finished.fault
    waits = recovery.after(fault, time.time())
    common = execution.at(ended)
    if fault:
        events.append(HarnessFault(**common, record=finished.file, reason=fault))
    if waits:
        events.append(Pause(**common, pause_s=waits.pause_s, reason=waits.reason))
    if recovery.given_up:
        events.append(GivenUp(**common, reason=recovery.given_up))
    for event in events:
        append_event(folder, event)
    return events
