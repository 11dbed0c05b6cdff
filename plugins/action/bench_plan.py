"""Validate variables, inventory and frameworks, and plan the run: before any host is touched.

Reads nothing but the variables of the play. Returns `run` (docs/formats.md, `bench_run`), and
lines with what is measured and how long that takes. Changes nothing; needs no connection.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Any

from ansible.context import CLIARGS
from ansible.parsing.splitter import parse_kv
from ansible.plugins.action import ActionBase
from msgspec import structs

from pipebench.door.choice import Choice
from pipebench.door.given import read_given
from pipebench.door.planned import Planned, planned
from pipebench.hosts.owner import owner_of
from pipebench.plan.errors import Mistakes
from pipebench.plan.project import read_project
from pipebench.plan.testbeds import Inventory


class ActionModule(ActionBase):
    """The action `bench_plan`."""

    _requires_connection = False
    _supports_check_mode = True
    _VALID_ARGS: frozenset[str] = frozenset()

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        known = task_vars or {}
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = {
            name: self._templar.template(known[name]) for name in known if name.startswith("bench_")
        }
        typed = read_given(
            CLIARGS.get("extra_vars") or (), self._loader.load_from_file, parse_kv, Path.cwd()
        )
        mistakes = Mistakes(typed.mistakes)
        planning: Planned | None = None
        with mistakes.collected():
            inventory, project = Inventory.from_ansible(known), read_project(sys.argv)
            choice = Choice.from_options(CLIARGS)
            planning = planned(given | typed.meant, inventory, project, choice)
        if planning is None or mistakes:
            inventories = ", ".join(known.get("ansible_inventory_sources") or ["none"])
            said = "\n".join([*mistakes, f"(inventory: {inventories})"])
            return answer | {"failed": True, "msg": said}
        # this process is a worker of the one that makes the run
        run = structs.replace(
            planning.run,
            owner=str(owner_of(os.getppid())),
            lease=secrets.token_hex(16),
            via_controller=planning.via_controller,
        )
        return answer | {"run": run.to_fact(), "progress": planning.text}
