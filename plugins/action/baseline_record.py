"""Write what the path of one testbed carried, before anything is measured on it.

Takes what the tasks of playbooks/baseline.yml returned, whole: what could not be measured is kept
as `error` and is no fault of the run. Runs on the controller, in this process.
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


class ActionModule(ActionBase):
    """The action `baseline_record`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"run", "testbed", "started", "measured", "stopped"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = self._task.args
        run, testbed = given["run"], given["testbed"]
        started, measured, stopped = (
            given.get(key) or {} for key in ("started", "measured", "stopped")
        )
        generator = testbed["generators"][0]
        faults = [
            fault_of(f"iperf3 on {testbed['server']}", started),
            fault_of(f"iperf3 on {generator}", measured),
        ]
        record = {
            "schema_version": SCHEMA_VERSION,
            "run_id": run["run_id"],
            "testbed": testbed["name"],
            "ended": time_text(time.time()),
            "server": {
                "host": testbed["server"],
                **{key: started.get(key) for key in ("version", "cpus")},
                "samples": json.loads(stopped.get("samples") or "{}"),
            },
            "generator": {
                "host": generator,
                **{key: measured.get(key) for key in ("version", "cpus")},
                "samples": json.loads(measured.get("samples") or "{}"),
            },
            "tests": measured.get("tests") or [],
            "error": "; ".join(filter(None, faults)) or None,
        }
        write_json(Path(run["results_dir"]) / "baseline" / f"{testbed['name']}.json", record)
        return answer
