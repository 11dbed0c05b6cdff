"""run.json during a run: written at its beginning, completed later.

So a run that is interrupted has one, too.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipebench.plan.estimate import estimate_s, extended, measurements, plan_text, until_text
from pipebench.plan.run_plan import RunPlan
from pipebench.record.declared import plain
from pipebench.record.progress import append_event, read_events
from pipebench.record.run import read_run_record
from pipebench.record.schema import (
    SCHEMA_VERSION,
    Described,
    GivenUp,
    HarnessFault,
    Planned,
    RoundsTaken,
    RunEnded,
    RunRecord,
    RunStarted,
    Testbed,
)
from pipebench.record.store import RUN, time_text, write

MOMENTS = ("started", "measuring_started", "measuring_ended", "ended")


def note(
    run: RunPlan, moment: str, ansible: str, measured: Mapping[str, Mapping[str, Any]] | None = None
) -> str:
    """Note a moment of a run; returns a line for the terminal, or an empty text.

    ansible: its version. measured: by testbed, what phases.measure returned, or nothing, and
    controller_cpu_s. The beginning and the end are also events of progress.jsonl. ValueError: the
    moment is not one of MOMENTS.
    """
    if moment not in MOMENTS:
        raise ValueError(f"moment is {moment!r}; it must be one of {', '.join(MOMENTS)}")
    folder = Path(run.results_dir)
    path = folder / RUN
    record = read_run_record(path)[0] if path.exists() else begin(run, ansible)
    now = time_text(time.time())
    setattr(record, moment, now)
    for testbed, one in plain(measured or {}).items():
        if one.get("rounds_taken"):
            record.rounds_taken[testbed] = RoundsTaken(**one["rounds_taken"])
        if "controller_cpu_s" in one:
            record.controller_cpu_s[testbed] = one["controller_cpu_s"]
    events = read_events(folder)
    record.harness_faults = [
        f"{event.record}: {event.reason}" for event in events if isinstance(event, HarnessFault)
    ]
    record.given_up = {
        event.testbed: event.reason for event in events if isinstance(event, GivenUp)
    }
    write(folder, RUN, record)
    if moment == "started":
        return started(folder, run, now)
    if moment == "ended":
        faults = len(record.harness_faults)
        ended = RunEnded(time=now, run_id=record.run_id, seconds_left=0, harness_faults=faults)
        append_event(folder, ended)
    return ""


def begin(run: RunPlan, ansible: str) -> RunRecord:
    """run.json at the beginning. TypeError: the schema does not have one of the fields."""
    fact = run.to_fact()
    frameworks = {
        name: Described(**{key: value for key, value in framework.items() if key != "path"})
        for name, framework in fact["frameworks"].items()
    }
    return RunRecord(
        schema_version=SCHEMA_VERSION,
        run_id=run.run_id,
        command=run.command,
        commit=run.commit,
        dirty=run.dirty,
        variables=fact["variables"],
        frameworks=frameworks,
        testbeds=[Testbed(**testbed) for testbed in fact["testbeds"]],
        rounds=[[Planned(**cell) for cell in cells] for cells in fact["rounds"]],
        versions={
            "ansible": ansible,
            "python": platform.python_version(),
            "project": run.version,
        },
    )


def started(folder: Path, run: RunPlan, now: str) -> str:
    """Announce a run: an event for programs, and a line for people."""
    seconds = estimate_s(run)
    event = RunStarted(
        time=now,
        run_id=run.run_id,
        seconds_left=round(seconds),
        testbeds=[testbed.name for testbed in run.testbeds],
        cells=run.cells,
        rounds=len(run.rounds),
        count=measurements(run),
        extended=extended(run),
    )
    append_event(folder, event)
    until = until_text(seconds, time.time())
    return f"Run {run.run_id}, {plan_text(run)} (until about {until})"
