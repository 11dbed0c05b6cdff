"""Write the raw record of one execution of h2load, and say in a line how it went.

Like measurement_record, under crosscheck/ and with `kind` (`closed` or `constant`) and `rate`.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.record.faults import fault_of
from pipebench.record.parts import GENERATOR_KEYS, SERVER_KEYS, part
from pipebench.record.whole_file import time_text, write_json

SCHEMA_VERSION = 1


class ActionModule(ActionBase):
    """The action `crosscheck_record`."""

    _requires_connection = False
    _VALID_ARGS = frozenset(
        {"run", "testbed", "round", "position", "cell", "rate", "started", "load", "stopped"}
    )

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = self._task.args
        run, testbed, cell = given["run"], given["testbed"], given["cell"]
        started, load, stopped = (given.get(key) or {} for key in ("started", "load", "stopped"))
        number = int(given["round"]) if given.get("round") else None
        rate = float(given["rate"]) if given.get("rate") else None
        server, generator = testbed["server"], testbed["generators"][0]
        faults = [
            fault_of(f"starting on {server}", started),
            fault_of(f"h2load on {generator}", load),
            fault_of(f"stopping on {server}", stopped),
        ]
        now = time.time()
        record = {
            "schema_version": SCHEMA_VERSION,
            "kind": "closed" if number else "constant",
            "run_id": run["run_id"],
            "testbed": testbed["name"],
            "framework": cell["framework"],
            "stack": run["frameworks"][cell["framework"]]["stack"],
            "workers": cell["workers"],
            "depth": cell["depth"],
            "connections": cell["connections"],
            "threads": testbed["threads"],
            "round": number,
            "position": int(given["position"]),
            "rate": rate,
            "started": time_text(started.get("started_at", now)),
            "ended": time_text(now),
            "deployment": {"available": True},
            "server": {"host": server, **part(started, SERVER_KEYS), **part(stopped, SERVER_KEYS)},
            "generators": [],
            "harness_fault": "; ".join(filter(None, faults)) or None,
        }
        if not load.get("skipped"):
            record["generators"] = [{"host": generator, **part(load, GENERATOR_KEYS)}]
        when = f"r{number:02}" if number else "rate"
        name = (
            f"{testbed['name']}-{when}-{record['position']:03}-{cell['framework']}"
            f"-w{cell['workers']}-d{cell['depth']}-c{cell['connections']}.json"
        )
        write_json(Path(run["results_dir"]) / "crosscheck" / name, record)

        responses = 0
        for used in record["generators"]:
            responses += ((used.get("measured") or {}).get("result") or {}).get("responses", 0)
        said = f"{responses / run['variables']['bench_duration']:,.0f} req/s"
        if rate:
            said += f" of {rate:,.0f} wanted"
        if record["harness_fault"]:
            said = f"HARNESS FAULT, {record['harness_fault'].splitlines()[0]}"
        elif not responses:
            said = "no answer"
        answer["progress"] = (
            f"    h2load {'at a constant rate' if rate else f'in round {number}'}  "
            f"{cell['framework']:<18} depth {cell['depth']}, {cell['connections']} connections: "
            f"{said}"
        )
        answer["harness_fault"] = record["harness_fault"]
        answer["trouble"] = bool(record["harness_fault"]) or not responses
        answer["passing"] = not answer["trouble"]
        return answer
