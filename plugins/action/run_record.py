"""Keep run.json: written when a run begins, completed as it goes on, so that a broken run has one.

Arguments: `run`, the fact `bench_run`; `moment`, which of its times is now (`started`,
`measuring_started`, `measuring_ended`, `ended`); `faults`, sentences on what the harness could not
do, added to those there are; `rounds_taken`, `{testbed: {rounds, reason}}` of testbeds whose rounds
were ended by precision (that of others is empty, and left out). Its beginning and its end are also
said in progress.jsonl, and the beginning in a line, with how long it will take.
"""

from __future__ import annotations

import json
import platform
import time
from pathlib import Path
from typing import Any

from ansible import release
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from pipebench.plan.estimate import estimate_s, extended, measurements, plan_text, until_text
from pipebench.plan.run_plan import RunPlan
from pipebench.record.progress import append_event
from pipebench.record.whole_file import time_text, write_json

SCHEMA_VERSION = 1
MOMENTS = ("started", "measuring_started", "measuring_ended", "ended")


class ActionModule(ActionBase):
    """The action `run_record`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"run", "moment", "faults", "rounds_taken"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = super().run(tmp, task_vars)
        run, moment = self._task.args["run"], self._task.args["moment"]
        if moment not in MOMENTS:
            raise AnsibleActionFail(f"moment is {moment!r}; it takes one of {', '.join(MOMENTS)}")
        path = Path(run["results_dir"]) / "run.json"
        record = json.loads(path.read_text("utf-8")) if path.exists() else self._begin(run)
        record[moment] = time_text(time.time())
        record["harness_faults"] += self._task.args.get("faults") or []
        taken = self._task.args.get("rounds_taken") or {}
        record["rounds_taken"] |= {testbed: said for testbed, said in taken.items() if said}
        write_json(path, record)
        if moment == "started":
            answer["progress"] = self._started(run)
        elif moment == "ended":
            append_event(run, "run_ended", 0, harness_faults=len(record["harness_faults"]))
        return answer

    @staticmethod
    def _started(run: dict[str, Any]) -> str:
        plan = RunPlan.from_fact(run)
        seconds = estimate_s(plan)
        append_event(
            run,
            "run_started",
            seconds,
            testbeds=[testbed["name"] for testbed in run["testbeds"]],
            cells=len(run["rounds"][0]),
            rounds=len(run["rounds"]),
            count=measurements(plan),
            extended=extended(plan),
        )
        until = until_text(seconds, time.time())
        return f"Run {run['run_id']}, {plan_text(plan)} (until about {until})"

    @staticmethod
    def _begin(run: dict[str, Any]) -> dict[str, Any]:
        frameworks = {
            name: {key: value for key, value in framework.items() if key != "path"}
            for name, framework in run["frameworks"].items()
        }
        return {
            "schema_version": SCHEMA_VERSION,
            "run_id": run["run_id"],
            **dict.fromkeys(MOMENTS),
            "command": run["command"],
            "commit": run["commit"],
            "dirty": run["dirty"],
            "variables": run["variables"],
            "frameworks": frameworks,
            "testbeds": run["testbeds"],
            "rounds": run["rounds"],
            "versions": {
                "ansible": release.__version__,
                "python": platform.python_version(),
                "project": run["version"],
            },
            "harness_faults": [],
            "rounds_taken": {},
        }
