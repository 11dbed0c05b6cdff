"""A small run, and what the programs on its hosts answer in one execution."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipebench.harness.execution import Execution
from pipebench.harness.recording import record
from pipebench.plan.project import ROOT, Project
from pipebench.plan.run_plan import RunPlan, plan_run
from pipebench.plan.testbeds import Inventory

CELL = {"framework": "aiohttp", "workers": 1, "depth": 5, "connections": 200}
RESULT = {
    "schema_version": 1, "depth": 5, "threads": 10, "duration_us": 500_000, "requests": 1000,
    "bytes": 130_000, "latency": None,
    "errors": dict.fromkeys(("connect", "read", "write", "status", "timeout"), 0),
}  # fmt: skip
WRK = {
    "argv": ["wrk", "-c200"], "exit_status": 0, "started": 2.0, "ended": 2.5, "cpu_s": 0.1,
    "stdout": "", "stderr": "", "result": json.dumps(RESULT),
}  # fmt: skip
H2LOAD = WRK | {
    "argv": ["h2load", "-t10", "-c200"],
    "result": json.dumps({"responses": 4000, "statuses": {"200": 4000}, "histogram": []}),
}
STARTED = {"unit": "u", "ready": True, "ready_error": None, "started_pid": 7, "started_at": 1.5}
SAMPLES = {"t": [1.5, 1.6], "unit_cpu_us": [1, 2]}
LOAD = {
    "cpus": 2,
    "samples": json.dumps(SAMPLES),
    "ready_error": None,
    "warmup": None,
    "measured": WRK,
}
STOPPED = {
    "unit": "u",
    "state": {"ActiveState": "active"},
    "samples": json.dumps(SAMPLES),
    "journal": None,
}
SKIPPED = {"skipped": True, "changed": False}


PLAN = {
    "bench_frameworks": "aiohttp",
    "bench_framework_dirs": "servers/aiohttp",
    "bench_controls": False,
    "bench_rounds": 2,
}


def run_of(folder: Path, **variables: Any) -> RunPlan:
    """The plan of two rounds of one cell."""
    inventory = Inventory(["s"], ["g"], {"s": {"ansible_host": "198.18.0.11"}, "g": {}})
    project = Project(ROOT, "0", None, dirty=True, command=["ansible-playbook", "bench.yml"])
    plan = plan_run(PLAN | variables, inventory, project)
    fact = plan.to_fact() | {"run_id": "r", "results_dir": str(folder)}
    return RunPlan.from_fact(fact)


def recorded(
    folder: Path,
    kind: str,
    place: dict[str, Any],
    *,
    run: RunPlan | None = None,
    faults_in_a_row: int = 0,
    **answers: Any,
) -> dict[str, Any]:
    """What the action `record` returns of an execution; answers: those that differ."""
    given = {"unavailable": {}, "started": STARTED, "load": LOAD, "stopped": STOPPED} | answers
    run = run or run_of(folder)
    return record(Execution(kind, run, run.testbeds[0], place, **given), faults_in_a_row)
