"""Write down what the probe saw of one framework, and say it in a line; judge nothing.

Takes what the tasks of one probe returned, whole, whatever became of them: an unreachable host or
a task that failed is kept as `harness_fault`. Runs on the controller, in this process.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.record.faults import fault_of
from pipebench.record.whole_file import time_text, write_json

SCHEMA_VERSION = 1
SERVER_KEYS = ("unit", "ready", "ready_s", "ready_error", "state", "exited_at", "journal")


def document_of(probed: dict[str, Any]) -> dict[str, Any] | None:
    """What the probe printed, or None where it did not come to that."""
    try:
        document = json.loads(probed.get("stdout") or "null")
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def seen_text(document: dict[str, Any]) -> str:
    """The probe's findings in a line."""
    if document["error"]:
        return str(document["error"])
    cases = document["cases"]
    right = sum(case["conforms"] is True for case in cases)
    broken = [c for c in cases if c["relied_on"] and c["conforms"] is False]
    relied = ", ".join(f"{case['name']} ({case['class']})" for case in broken)
    return f"{right} of {len(cases)} as RFC 9112 asks; " + (
        f"not {relied}, which a measurement relies on"
        if broken
        else "all that a measurement relies on"
    )


class ActionModule(ActionBase):
    """The action `probe_record`."""

    _requires_connection = False
    _VALID_ARGS = frozenset(
        {"run", "testbed", "framework", "workers", "number", "count", "unavailable", "started",
         "probed", "stopped"}
    )  # fmt: skip

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = self._task.args
        run, testbed, framework = given["run"], given["testbed"], given["framework"]
        workers, unavailable = int(given["workers"]), given.get("unavailable")
        started, probed, stopped = (
            given.get(key) or {} for key in ("started", "probed", "stopped")
        )
        generator = testbed["generators"][0]
        document = document_of(probed)
        faults = [
            fault_of(f"starting on {testbed['server']}", started),
            fault_of(f"the probe on {generator}", probed),
            fault_of(f"stopping on {testbed['server']}", stopped),
        ]
        now = time.time()
        server = {
            key: each[key] for each in (started, stopped) for key in SERVER_KEYS if key in each
        }
        record = {
            "schema_version": SCHEMA_VERSION,
            "run_id": run["run_id"],
            "testbed": testbed["name"],
            "framework": framework,
            "workers": workers,
            "started": time_text(started.get("started_at", now)),
            "ended": time_text(now),
            "deployment": {"available": False, **unavailable} if unavailable
            else {"available": True},
            "server": None if unavailable else {"host": testbed["server"], **server},
            "generator": None if document is None else generator,
            "probe": document,
            "harness_fault": "; ".join(filter(None, faults)) or None,
        }  # fmt: skip
        name = f"{testbed['name']}-{framework}-w{workers}.json"
        write_json(Path(run["results_dir"]) / "probe" / name, record)

        if record["harness_fault"]:
            outcome = f"HARNESS FAULT, {record['harness_fault'].splitlines()[0]}"
        elif unavailable:
            outcome = f"not probed, {unavailable['reason']}"
        elif document is None:
            outcome = f"not probed, {started.get('ready_error')}"
        else:
            outcome = seen_text(document)
        where = f" on {testbed['name']}" if len(run["testbeds"]) > 1 else ""
        of = f", {workers} workers" if len(run["variables"]["bench_workers"]) > 1 else ""
        answer["progress"] = (
            f"probe {given['number']}/{given['count']}{where} {framework}{of}: {outcome}"
        )
        answer["harness_fault"] = record["harness_fault"]
        answer["trouble"] = document is None
        return answer
