"""Settle what a run takes from its hosts, once they have been looked at: the threads of wrk.

Arguments: `run`, the fact `bench_run`; `checks`, what host_check said, by host; `absent`, whether
no host was looked at, because not every one is up (only in check mode).
Returns the completed `run`; in check mode, also what would be done, as `closing`.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.plan.estimate import plan_text
from pipebench.plan.run_plan import settle_threads


class ActionModule(ActionBase):
    """The action `bench_settle`."""

    _requires_connection = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset({"run", "checks", "absent"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        run, absent = self._task.args["run"], self._task.args.get("absent", False)
        if not absent:
            run = settle_threads(
                run, {host: check["cpus"] for host, check in self._task.args["checks"].items()}
            )
        answer["run"] = run
        if self._task.check_mode:
            looked = (
                "Not every host is up, so none was looked at."
                if absent
                else "The hosts and the path between them will do."
            )
            answer["closing"] = (
                f"{plan_text(run)}, after provisioning.\n{looked} Nothing was touched."
            )
        return answer
