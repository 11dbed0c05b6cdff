"""Stop the server of one execution, write its record, and say what happened and how long is left.

The arguments are those of playbooks/tasks/execution.yml: what its tasks returned, complete, also if
a host could not be reached or a task failed; and `stop`, with `program` and `input` as host_program
has them, or nothing if no server is to be stopped. It is one task because every task of Ansible
takes time between two measurements; and while the server stops, half of the record is made.

Returns as facts what the next execution must know: `harness_faults_in_a_row`; `harness_next_at`,
unix s, before which nothing is started; `harness_given_up`, a sentence, only if the testbed is.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

from pipebench.harness import host_program
from pipebench.harness.execution import Execution
from pipebench.harness.recording import record
from pipebench.harness.recovery import PAUSES_S
from pipebench.plan.run_plan import RunPlan
from pipebench.record.declared import plain


class ActionModule(ActionBase):
    """The action `record`."""

    _VALID_ARGS = frozenset(
        {"kind", "run", "testbed", "place", "unavailable", "started", "load", "stop",
         "faults_in_a_row", "pauses_s"}
    )  # fmt: skip

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = plain(self._task.args)
        run = RunPlan.from_fact(given["run"])
        execution = Execution(
            kind=given["kind"],
            run=run,
            testbed=next(one for one in run.testbeds if one.name == given["testbed"]),
            place=given["place"],
            **{key: given.get(key) or {} for key in ("unavailable", "started", "load")},
        )
        if given.get("stop") and not execution.unavailable:
            execution.stop(lambda: self._stopped(given["stop"]))
        recorded = record(execution, int(given["faults_in_a_row"]), given.get("pauses_s", PAUSES_S))
        return answer | recorded | {"ansible_facts": facts(recorded)}

    def _stopped(self, stop: Mapping[str, Any]) -> dict[str, Any]:
        """What the program that stops the server printed, or what kept it from being run."""
        program = stop["program"]
        try:
            done = self._low_level_execute_command(
                host_program.command(program), in_data=host_program.order(stop["input"])
            )
        except AnsibleConnectionFailure as error:
            return {"unreachable": True, "msg": str(error)}
        except AnsibleError as error:
            return {"failed": True, "msg": str(error)}
        return host_program.answer(program, done)


def facts(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """What the next execution must know."""
    pause_s, given_up = recorded["pause_s"], recorded["given_up"]
    return {
        "harness_faults_in_a_row": recorded["faults_in_a_row"],
        "harness_next_at": time.time() + pause_s if pause_s else 0,
        **({"harness_given_up": given_up} if given_up else {}),
    }
