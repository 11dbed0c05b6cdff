"""Say whether a testbed needs another round, from the raw records so far: by precision only.

Arguments: `run`, the fact `bench_run`; `testbed`, its name; `rounds`, how many are done. Returns
the fact `harness_enough`: `{rounds, reason}`, once they are; and, if rounds are extended at all, a
line for the reader. Runs on the controller, in this process.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.harness.rounds import rounds_enough
from pipebench.plan.run_plan import RunPlan


class ActionModule(ActionBase):
    """The action `rounds_enough`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"run", "testbed", "rounds"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = self._task.args
        run = RunPlan.from_fact(given["run"])
        enough = rounds_enough(run, str(given["testbed"]), int(given["rounds"]))
        facts = {"harness_enough": enough["enough"]} if enough["enough"] else {}
        return answer | enough | {"ansible_facts": facts}
