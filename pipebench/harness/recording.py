"""Write the record of an execution, say it to people and machines, and choose the next step."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from pipebench.harness import crosscheck, measurement, path, probe
from pipebench.harness.execution import Execution
from pipebench.harness.recovery import sentence, step_after
from pipebench.record.progress import append_event
from pipebench.record.whole_file import write_json

KINDS = {
    "measurement": measurement.recorded,
    "crosscheck": crosscheck.recorded,
    "probe": probe.recorded,
    "path": path.recorded,
}


def record(execution: Execution, faults_in_a_row: int) -> dict[str, Any]:
    """What the action `record` returns; docs/architecture.md describes the records.

    faults_in_a_row: faults of the harness on this testbed just before.
    """
    run = execution.run
    recorded = KINDS[execution.kind](execution, time.time())
    write_json(Path(run["results_dir"]) / recorded.file, recorded.document)
    fault = recorded.document.get("harness_fault") if recorded.counts else None
    step = step_after(fault=bool(fault), faults_in_a_row=faults_in_a_row)
    next_step = sentence(step)
    lines = [recorded.line] if recorded.line else []
    if recorded.event:
        append_event(run, execution.kind, **recorded.event)
    if fault:
        testbed = execution.testbed["name"]
        append_event(
            run, "harness_fault", None, testbed=testbed, record=recorded.file, reason=fault
        )
    if next_step:
        lines.append(f"Testbed {execution.testbed['name']}: {next_step}")
    given_up = ""
    if step.gives_up:
        given_up = f"{next_step}; the last: {fault}"
        append_event(
            run, "testbed_given_up", None, testbed=execution.testbed["name"], reason=given_up
        )
    return {
        "progress": "\n".join(lines),
        "trouble": recorded.trouble or bool(fault),
        "passing": recorded.passing and not fault,
        "harness_fault": fault,
        "faults_in_a_row": step.faults_in_a_row,
        "pause_s": step.pause_s,
        "given_up": given_up,
    }
