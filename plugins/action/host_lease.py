"""The controller's half of host_lease: whose lease it is, and whether another owner is dead.

Arguments: `state`, as the module has it; `seconds`; `run`, the fact `bench_run`, or a name of
something else that must have the host for itself, which gets a lease of its own. Returns `token`.
"""

from __future__ import annotations

import os
import secrets
from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.documents.declared import plain
from pipebench.hosts.owner import owner_of, parsed


class ActionModule(ActionBase):
    """The action `host_lease`."""

    _requires_connection = True
    _VALID_ARGS = frozenset({"state", "run", "seconds"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        given = plain(self._task.args)
        run = given.pop("run")
        if isinstance(run, str):  # this process is a worker of the one that asks
            run = {"run_id": run, "owner": str(owner_of(os.getppid())), "lease": new_token()}
        words = given | {"run": run["run_id"], "owner": run["owner"], "token": run["lease"]}
        answer: dict[str, Any] = self._execute_module(module_args=words, task_vars=task_vars)
        other = answer.get("lease")
        if given["state"] == "taken" and other and parsed(other["owner"]).is_dead:
            words["over"] = other["token"]
            answer = self._execute_module(module_args=words, task_vars=task_vars)
        return answer | {"token": run["lease"]}


def new_token() -> str:
    """A word that no other lease has."""
    return secrets.token_hex(16)
