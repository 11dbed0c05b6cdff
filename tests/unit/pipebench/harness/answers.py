"""A small run, and what the programs on its hosts answer in one execution."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pipebench.harness.answers import AnswersExecution
from pipebench.harness.crosscheck import CrosscheckExecution
from pipebench.harness.execution import Answers, Execution, Hosts
from pipebench.harness.host_program import Call
from pipebench.harness.lines import Lines
from pipebench.harness.measurement import MeasurementExecution
from pipebench.harness.path import PathExecution
from pipebench.harness.probe import ProbeExecution
from pipebench.harness.recovery import Recovery
from pipebench.harness.reporter import line_of
from pipebench.harness.testbed_run import TestbedRun
from pipebench.harness.write_record import record
from pipebench.plan.project import ROOT, Project
from pipebench.plan.run_plan import RunPlan, plan_run
from pipebench.plan.testbeds import Inventory
from pipebench.record.assemble import Answer
from pipebench.record.factors import PlannedCell

CELL = {"framework": "aiohttp", "workers": 1, "depth": 5, "connections": 200}
RESULT = {
    "schema_version": 1, "depth": 5, "threads": 10, "duration_us": 500_000, "requests": 1000,
    "bytes": 130_000, "latency": None,
    "errors": dict.fromkeys(("connect", "read", "write", "status", "timeout"), 0),
}  # fmt: skip
WRK = {
    "argv": ["wrk", "-c200"], "exit_status": 0, "started": 2.0, "ended": 2.5, "cpu_s": 0.1,
    "stdout": "", "stderr": "", "result": json.dumps(RESULT), "received_still": None,
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
    "processes": [{"at": 1.5, "pids": [7, 8], "cpu_us": [10_000, 0], "connections": [3, 2]}],
    "journal": None,
}

SETTING = {"name": "turbo", "path": "/sys/boost", "before": "1", "wanted": "0", "error": None}
TUNED = {
    "boot_id": "b", "interface": "eth0", "interrupt_cpus": [], "server_cpus": [],
    "settings": [SETTING | {"after": "0"}], "skipped": [{"name": "governor", "reason": "none"}],
    "released_at": None, "rebooted": False,
}  # fmt: skip
RESTORED = TUNED | {
    "settings": [SETTING | {"after": "0", "held": "0", "restored": "1"}], "released_at": 1000.0,
}  # fmt: skip

CLOCK = {"offset_s": 0.25, "error_s": 0.0001, "exchanges": 50, "at": 1.0}
PLAN = {
    "bench_frameworks": "aiohttp",
    "bench_framework_dirs": "servers/aiohttp",
    "bench_controls": False,
    "bench_rounds": 2,
    "bench_check_answers": False,
}


def run_of(folder: Path, generators: tuple[str, ...] = ("g",), **variables: Any) -> RunPlan:
    """The plan of two rounds of one cell."""
    hosts = {"s": {"ansible_host": "198.18.0.11"}} | {name: {} for name in generators}
    inventory = Inventory(["s"], list(generators), hosts)
    project = Project(ROOT, "0", None, dirty=True, command=["ansible-playbook", "bench.yml"])
    plan = plan_run(PLAN | variables, inventory, project)
    fact = plan.to_fact() | {"run_id": "r", "results_dir": str(folder)}
    return RunPlan.from_fact(fact)


KINDS: Mapping[str, Callable[..., Execution]] = {
    "measurement": MeasurementExecution,
    "answers": AnswersExecution,
    "crosscheck": CrosscheckExecution,
    "probe": ProbeExecution,
    "path": PathExecution,
}


def execution_of(run: RunPlan, kind: str, place: Mapping[str, Any]) -> Execution:
    """An execution of a kind on the first testbed. place: its other fields."""
    fields = {key: PlannedCell(**place[key]) if key == "cell" else place[key] for key in place}
    return KINDS[kind](run=run, testbed=run.testbeds[0], **fields)


def recorded(
    folder: Path,
    kind: str,
    place: Mapping[str, Any],
    *,
    run: RunPlan | None = None,
    recovery: Recovery | None = None,
    **answers: Any,
) -> Said:
    """What is said of an execution; answers: those that differ. load: None if there was none."""
    given: dict[str, Any] = {"started": STARTED, "stopped": STOPPED} | answers
    load = given.pop("load", LOAD)
    seen = Answers(**given, loads={} if load is None else {"g": load})
    recovery = recovery or Recovery()
    run = run or run_of(folder)
    events = record(execution_of(run, kind, place), seen, time.time(), recovery)
    lines = [line for event in events if (line := line_of(event, run))]
    return Said(
        "\n".join(line.text for line in lines),
        trouble=any(line.trouble for line in lines),
        passing=all(line.passing for line in lines),
        recovery=recovery,
    )


@dataclass
class Said:
    """The line of an execution, and the state of its testbed afterwards."""

    text: str
    trouble: bool
    passing: bool
    recovery: Recovery


@dataclass
class CannedHost:
    """A host whose programs answer what a test says. answers: by program and state, or program.

    An answer that is a list is taken one after the other; its last one stays.
    """

    name: str
    answers: dict[str, Any]
    asked: list[Call] = field(default_factory=list)

    def run(self, call: Call) -> Answer:
        self.asked.append(call)
        key = f"{call.program} {call.order['state']}" if "state" in call.order else call.program
        answer = self.answers[key]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return dict(answer)


class CannedHosts(NamedTuple):
    """Such hosts of one testbed, in the place of Hosts."""

    server: CannedHost
    generators: list[CannedHost]

    @property
    def all(self) -> list[CannedHost]:
        return [self.server, *self.generators]


def hosts(generators: tuple[str, ...] = ("g",), **answers: Any) -> CannedHosts:
    """A server and load generators. answers: to start, load, probe, clock or stop, that differ."""
    given = {"started": STARTED, "load": LOAD, "stopped": STOPPED, "probe": {}, "clock": CLOCK}
    given |= answers
    server = {
        "server.unit started": given["started"],
        "server.unit stopped": given["stopped"],
        "host.clock started": {"ready": True},
        "host.clock stopped": {},
    }
    generator = {
        "generator.load": given["load"],
        "generator.probe": given["probe"],
        "host.clock measured": given["clock"],
    }
    tuning = {"tuning.hold set": TUNED, "tuning.hold restored": RESTORED}
    server |= tuning
    generator |= tuning
    return CannedHosts(
        CannedHost("s", server), [CannedHost(name, dict(generator)) for name in generators]
    )


def on_testbed(run: RunPlan, on: CannedHosts, said: list[str], **more: Any) -> TestbedRun:
    """The first testbed of a run; its lines go into a list."""
    lines = Lines(lambda text, _: said.append(text), every=True)
    return TestbedRun(run, run.testbeds[0], Hosts(*on), lines, **more)
