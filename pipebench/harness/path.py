"""The capacity of a testbed's path: its record. A path that cannot be measured is not a fault."""

from __future__ import annotations

import json
from typing import Any

from pipebench.harness.execution import Answer, Execution, Recorded
from pipebench.record.whole_file import time_text

SCHEMA_VERSION = 1


def recorded(execution: Execution, now: float) -> Recorded:
    """place: nothing; there is one on each testbed."""
    started, load, stopped = execution.started, execution.load, execution.stopped
    name = execution.testbed["name"]
    document = {
        "schema_version": SCHEMA_VERSION,
        "run_id": execution.run["run_id"],
        "testbed": name,
        "ended": time_text(now),
        "server": host_of(execution.server, started, stopped),
        "generator": host_of(execution.generator, load, load),
        "tests": load.get("tests") or [],
        "error": execution.fault,
    }
    return Recorded(
        file=f"baseline/{name}.json", document=document, line="", event={}, counts=False
    )


def host_of(host: str, about: Answer, sampled: Answer) -> dict[str, Any]:
    """One host's part: its iperf3, its CPUs and its samples."""
    return {
        "host": host,
        "version": about.get("version"),
        "cpus": about.get("cpus"),
        "samples": json.loads(sampled.get("samples") or "{}"),
    }
