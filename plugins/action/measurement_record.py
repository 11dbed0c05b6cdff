"""Write the raw record of one measurement, and say in a line how it went and how long is left.

The same is added to progress.jsonl, for machines.

Takes what the tasks of one measurement returned, whole, whatever became of them: an unreachable
host or a module that failed is kept as `harness_fault`. Runs on the controller, in this process.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.plan.estimate import extended, left_s, left_text, measurements
from pipebench.plan.run_plan import RunPlan
from pipebench.record.faults import fault_of
from pipebench.record.parts import GENERATOR_KEYS, SERVER_KEYS, part
from pipebench.record.progress import append_event
from pipebench.record.whole_file import time_text, write_json

SCHEMA_VERSION = 1
EVENT_KEYS = (
    "testbed", "round", "position", "framework", "workers", "depth", "connections", "threads",
)  # fmt: skip


def rate_of(record: dict[str, Any]) -> float | None:
    """What wrk counted, by its own clock, requests/s; None where it got no answer."""
    for generator in record["generators"]:
        result = (generator.get("measured") or {}).get("result")
        if result and result["requests"]:
            return float(result["requests"] / result["duration_us"] * 1e6)
    return None


def said_of(record: dict[str, Any]) -> str:
    """What happened, short; what it means is judged later."""
    if record["harness_fault"]:
        return f"HARNESS FAULT, {record['harness_fault'].splitlines()[0]}"
    if not record["deployment"]["available"]:
        return f"unavailable, {record['deployment']['reason']}"
    if not record["server"].get("ready"):
        return str(record["server"].get("ready_error"))
    for generator in record["generators"]:
        if generator.get("ready_error"):
            return str(generator["ready_error"])
    rate = rate_of(record)
    return "no answer" if rate is None else f"{rate:,.0f} req/s"


class ActionModule(ActionBase):
    """The action `measurement_record`."""

    _requires_connection = False
    _VALID_ARGS = frozenset(
        {"run", "testbed", "round", "position", "cell", "unavailable", "started", "load", "stopped",
         "first_begun"}
    )  # fmt: skip

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = super().run(tmp, task_vars)
        given = self._task.args
        run, testbed, cell = given["run"], given["testbed"], given["cell"]
        number, position = int(given["round"]), int(given["position"])
        unavailable = given.get("unavailable")
        started, load, stopped = (given.get(key) or {} for key in ("started", "load", "stopped"))
        faults = [
            fault_of(f"starting on {testbed['server']}", started),
            fault_of(f"wrk on {testbed['generators'][0]}", load),
            fault_of(f"stopping on {testbed['server']}", stopped),
        ]
        framework = run["frameworks"][cell["framework"]]
        now = time.time()
        record = {
            "schema_version": SCHEMA_VERSION,
            "run_id": run["run_id"],
            "testbed": testbed["name"],
            "framework": cell["framework"],
            "stack": framework["stack"],
            "workers": cell["workers"],
            "depth": cell["depth"],
            "connections": cell["connections"],
            "threads": testbed["threads"],
            "round": number,
            "position": position,
            "started": time_text(started.get("started_at", now)),
            "ended": time_text(now),
            "deployment": {"available": False, **unavailable} if unavailable
            else {"available": True},
            "server": None,
            "generators": [],
            "harness_fault": "; ".join(filter(None, faults)) or None,
        }  # fmt: skip
        if not unavailable:
            record["server"] = {
                "host": testbed["server"],
                **part(started, SERVER_KEYS),
                **part(stopped, SERVER_KEYS),
            }
            if not load.get("skipped"):
                generator = testbed["generators"][0]
                record["generators"] = [{"host": generator, **part(load, GENERATOR_KEYS)}]

        name = (
            f"{testbed['name']}-r{number:02}-{position:03}-{cell['framework']}"
            f"-w{cell['workers']}-d{cell['depth']}-c{cell['connections']}.json"
        )
        write_json(Path(run["results_dir"]) / "raw" / name, record)

        plan = RunPlan.from_fact(run)
        last = position == len(run["rounds"][number - 1])
        count, done = measurements(plan), sum(map(len, run["rounds"][: number - 1])) + position
        left = left_s(plan, done, time.time() - float(given["first_begun"]))
        said, rate = said_of(record), rate_of(record)
        faulty = bool(record["harness_fault"])
        append_event(
            run,
            "measurement",
            left,
            **{key: record[key] for key in EVENT_KEYS},
            number=done,
            count=count,
            requests_per_s=None if faulty or rate is None else round(rate, 1),
            said=said,
            record=f"raw/{name}",
        )
        where = f" on {testbed['name']}" if len(run["testbeds"]) > 1 else ""
        most = "at most " if extended(plan) else ""
        answer["progress"] = (
            f"[{done:>{len(str(count))}}/{count}] round {number}{where}  {cell['framework']:<18} "
            f"depth {cell['depth']}, {cell['connections']} connections: {said}"
            f"  ({most}{left_text(left)})"
        )
        answer["trouble"] = faulty or rate is None
        answer["passing"] = not (answer["trouble"] or last)
        answer["harness_fault"] = record["harness_fault"]
        return answer
