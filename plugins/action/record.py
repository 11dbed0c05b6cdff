"""Write the record of one execution, and say in a line what happened and how long is left.

The arguments are those of playbooks/tasks/execution.yml: what its tasks returned, complete, also if
a host could not be reached or a task failed. Runs on the controller, in this process.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.harness.execution import Execution
from pipebench.harness.recording import record


class ActionModule(ActionBase):
    """The action `record`."""

    _requires_connection = False
    _VALID_ARGS = frozenset(
        {"kind", "run", "testbed", "place", "unavailable", "started", "load", "stopped",
         "faults_in_a_row"}
    )  # fmt: skip

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = dict(self._task.args)
        faults = int(given.pop("faults_in_a_row"))
        answers = {
            key: given.get(key) or {} for key in ("unavailable", "started", "load", "stopped")
        }
        return answer | record(Execution(**given | answers), faults)
