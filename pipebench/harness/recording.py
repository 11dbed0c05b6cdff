"""Write the record of an execution, report it to people and programs, and choose the next step."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipebench.harness import crosscheck, measurement, path, probe
from pipebench.harness.execution import Execution
from pipebench.harness.recovery import PAUSES_S, sentence, step_after
from pipebench.record.progress import append_event
from pipebench.record.schema import GivenUp, HarnessFault
from pipebench.record.store import time_text, write

KINDS = {
    "measurement": measurement.recorded,
    "crosscheck": crosscheck.recorded,
    "probe": probe.recorded,
    "path": path.recorded,
}


def record(
    execution: Execution, faults_in_a_row: int, pauses_s: Sequence[int] = PAUSES_S
) -> dict[str, Any]:
    """The result of the action `record`; pipebench/record/schema.py describes the records.

    faults_in_a_row: faults of the harness on this testbed before this execution. pauses_s: see
    recovery.py.
    """
    folder, now = Path(execution.run.results_dir), time.time()
    recorded = KINDS[execution.kind](execution, now)
    write(folder, recorded.file, recorded.document)
    fault = recorded.fault
    step = step_after(fault=bool(fault), faults_in_a_row=faults_in_a_row, pauses_s=pauses_s)
    next_step = sentence(step)
    lines = [recorded.line] if recorded.line else []
    testbed = execution.testbed.name
    common = {"time": time_text(now), "run_id": execution.run.run_id, "testbed": testbed}
    if recorded.event:
        append_event(folder, recorded.event)
    if fault:
        event = HarnessFault(**common, seconds_left=None, record=recorded.file, reason=fault)
        append_event(folder, event)
    given_up = ""
    if step.gives_up:
        given_up = f"{next_step}; the last: {fault}"
        lines.append(f"Testbed {testbed} is given up: {given_up}")
        append_event(folder, GivenUp(**common, seconds_left=None, reason=given_up))
    elif next_step:
        lines.append(f"Testbed {testbed}: {next_step}")
    return {
        "progress": "\n".join(lines),
        "trouble": recorded.trouble or bool(fault),
        "passing": recorded.passing and not fault,
        "harness_fault": fault,
        "faults_in_a_row": step.faults_in_a_row,
        "pause_s": step.pause_s,
        "given_up": given_up,
    }
