"""run.json over a run's lifetime: written when it begins, completed as it goes on.

So a run that is broken off has one, too.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipebench.plan.estimate import estimate_s, extended, measurements, plan_text, until_text
from pipebench.plan.run_plan import RunPlan
from pipebench.record.progress import append_event, read_events
from pipebench.record.whole_file import time_text, write_json

SCHEMA_VERSION = 1
PLANNED = ("command", "commit", "dirty", "variables", "frameworks", "testbeds", "rounds")
MOMENTS = ("started", "measuring_started", "measuring_ended", "ended")


def note(run: RunPlan, moment: str, taken: Mapping[str, Any], ansible: str) -> str:
    """Note a moment of a run; returns a line for the terminal, or nothing.

    taken: by testbed, `{rounds, reason}` if precision ended its rounds, else empty. ansible: its
    version. The beginning and the end are also events of progress.jsonl. ValueError: the moment
    is not one of MOMENTS.
    """
    if moment not in MOMENTS:
        raise ValueError(f"moment is {moment!r}; it must be one of {', '.join(MOMENTS)}")
    folder = Path(run.results_dir)
    path = folder / "run.json"
    record = json.loads(path.read_text("utf-8")) if path.exists() else begin(run, ansible)
    record[moment] = time_text(time.time())
    record["rounds_taken"] |= {testbed: rounds for testbed, rounds in taken.items() if rounds}
    record |= troubles(folder)
    write_json(path, record)
    if moment == "started":
        return started(run)
    if moment == "ended":
        append_event(
            run.results_dir,
            run.run_id,
            "run_ended",
            0,
            harness_faults=len(record["harness_faults"]),
        )
    return ""


def begin(run: RunPlan, ansible: str) -> dict[str, Any]:
    """run.json as it begins."""
    plan = run.to_fact()
    for framework in plan["frameworks"].values():
        del framework["path"]
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": run.run_id,
        **dict.fromkeys(MOMENTS),
        **{key: plan[key] for key in PLANNED},
        "versions": {
            "ansible": ansible,
            "python": platform.python_version(),
            "project": run.version,
        },
        "harness_faults": [],
        "rounds_taken": {},
        "given_up": {},
    }


def troubles(folder: Path) -> dict[str, Any]:
    """What the events so far tell of the harness: its faults, and testbeds that were given up."""
    events = read_events(folder)
    return {
        "harness_faults": [
            f"{event['record']}: {event['reason']}"
            for event in events
            if event["event"] == "harness_fault"
        ],
        "given_up": {
            event["testbed"]: event["reason"]
            for event in events
            if event["event"] == "testbed_given_up"
        },
    }


def started(run: RunPlan) -> str:
    """Say that a run begins, to machines and in a line to people."""
    seconds = estimate_s(run)
    append_event(
        run.results_dir,
        run.run_id,
        "run_started",
        seconds,
        testbeds=[testbed.name for testbed in run.testbeds],
        cells=run.cells,
        rounds=len(run.rounds),
        count=measurements(run),
        extended=extended(run),
    )
    until = until_text(seconds, time.time())
    return f"Run {run.run_id}, {plan_text(run)} (until about {until})"
