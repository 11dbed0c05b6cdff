"""Run one of the programs of files/ on a host: JSON to it, JSON from it.

Arguments: `program`, its module, as in `server.unit`; `input`, what it reads: mappings, of which
those that come later add to the first; `not_before`, unix s: it is not run earlier. Returns what it
prints. A module of Ansible would do the same, but costs 0.15 s to start, three times a measurement;
a program costs 0.03 s.
"""

from __future__ import annotations

import time
from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.harness import host_program


class ActionModule(ActionBase):
    """The action `host_program`."""

    _VALID_ARGS = frozenset({"program", "input", "not_before"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = self._task.args
        time.sleep(max(0.0, float(given.get("not_before", 0)) - time.time()))
        program = given["program"]
        done = self._low_level_execute_command(
            host_program.command(program), in_data=host_program.order(given["input"])
        )
        return answer | {"changed": False} | host_program.answer(program, done)
