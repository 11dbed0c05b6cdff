"""A probe: its record, and in a line what the framework does with a pipeline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pipebench.harness.execution import Execution, Recorded
from pipebench.record.whole_file import time_text

SCHEMA_VERSION = 1
SERVER_KEYS = ("unit", "ready", "ready_s", "ready_error", "state", "exited_at", "journal")


def recorded(execution: Execution, now: float) -> Recorded:
    """place: framework, workers, number and count of the probes on this testbed."""
    run, testbed, place = execution.run, execution.testbed, execution.place
    framework, workers = place["framework"], int(place["workers"])
    seen = json.loads(execution.load.get("document") or "null")
    server = {
        key: answer[key]
        for answer in (execution.started, execution.stopped)
        for key in SERVER_KEYS
        if key in answer
    }
    document = {
        "schema_version": SCHEMA_VERSION,
        "run_id": run["run_id"],
        "testbed": testbed["name"],
        "framework": framework,
        "workers": workers,
        "started": time_text(execution.started.get("started_at", now)),
        "ended": time_text(now),
        "deployment": {"available": not execution.unavailable, **execution.unavailable},
        "server": None if execution.unavailable else {"host": execution.server, **server},
        "generator": None if seen is None else execution.generator,
        "probe": seen,
        "harness_fault": execution.fault,
    }
    several = f", {workers} workers" if len(run["variables"]["bench_workers"]) > 1 else ""
    return Recorded(
        file=f"probe/{testbed['name']}-{framework}-w{workers}.json",
        document=document,
        line=f"probe {place['number']}/{place['count']}{execution.where} {framework}{several}: "
        f"{result_text(document)}",
        event={},
        trouble=seen is None,
    )


def result_text(record: Mapping[str, Any]) -> str:
    """What happened, short."""
    if record["harness_fault"]:
        return f"HARNESS FAULT, {record['harness_fault'].splitlines()[0]}"
    if not record["deployment"]["available"]:
        return f"not probed, {record['deployment']['reason']}"
    if record["probe"] is None:
        return f"not probed, {record['server'].get('ready_error')}"
    return seen_text(record["probe"])


def seen_text(document: Mapping[str, Any]) -> str:
    """What the probe saw, in a line."""
    if document["error"]:
        return str(document["error"])
    cases = document["cases"]
    right = sum(case["conforms"] is True for case in cases)
    broken = [case for case in cases if case["relied_on"] and case["conforms"] is False]
    named = ", ".join(f"{case['name']} ({case['class']})" for case in broken)
    return f"{right} of {len(cases)} as RFC 9112 asks; " + (
        f"not {named}, which a measurement relies on"
        if broken
        else "all that a measurement relies on"
    )
