"""Write the record of one execution, and say in a line what happened and how long is left.

The arguments are those of playbooks/tasks/execution.yml: what its tasks returned, complete, also if
a host could not be reached or a task failed. Runs on the controller, in this process.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.harness.execution import Execution
from pipebench.harness.recording import record
from pipebench.harness.recovery import PAUSES_S
from pipebench.plan.run_plan import RunPlan
from pipebench.record.declared import plain


class ActionModule(ActionBase):
    """The action `record`."""

    _requires_connection = False
    _VALID_ARGS = frozenset(
        {"kind", "run", "testbed", "place", "unavailable", "started", "load", "stopped",
         "faults_in_a_row", "pauses_s"}
    )  # fmt: skip

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = plain(self._task.args)
        run = RunPlan.from_fact(given["run"])
        testbed = next(one for one in run.testbeds if one.name == given["testbed"])
        execution = Execution(
            kind=given["kind"],
            run=run,
            testbed=testbed,
            place=given["place"],
            **{key: given.get(key) or {} for key in ("unavailable", "started", "load", "stopped")},
        )
        faults, pauses_s = int(given["faults_in_a_row"]), given.get("pauses_s", PAUSES_S)
        return answer | record(execution, faults, pauses_s)
