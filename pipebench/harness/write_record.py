"""Write the record of an execution, and say it to people and to programs."""

from __future__ import annotations

import time
from pathlib import Path

from pipebench.harness.execution import Answers, Execution
from pipebench.harness.lines import Line
from pipebench.harness.recovery import Recovery
from pipebench.record.progress import append_event
from pipebench.record.schema import GivenUp, HarnessFault
from pipebench.record.store import time_text, write


def record(execution: Execution, answers: Answers, ended: float, recovery: Recovery) -> Line:
    """What a person is told. pipebench/record/schema.py describes the records.

    ended: when the last answer came, unix s. recovery: of its testbed; the execution is counted.
    """
    folder, testbed = Path(execution.run.results_dir), execution.testbed.name
    finished = execution.finished(answers, ended)
    write(folder, finished.file, finished.document)
    if finished.event:
        append_event(folder, finished.event)
    fault = finished.fault
    next_step = recovery.after(fault, time.time())
    common = {"time": time_text(ended), "run_id": execution.run.run_id, "testbed": testbed}
    if fault:
        event = HarnessFault(**common, seconds_left=None, record=finished.file, reason=fault)
        append_event(folder, event)
    if recovery.given_up:
        append_event(folder, GivenUp(**common, seconds_left=None, reason=recovery.given_up))
    lines = [finished.line] if finished.line else []
    if next_step:
        lines.append(f"Testbed {testbed} {next_step}")
    return Line.of(
        lines,
        trouble=finished.trouble or bool(fault),
        passing=finished.passing and not fault,
    )
