"""Validate variables, inventory and frameworks, and plan the run: before any host is touched.

Reads nothing but the variables of the play. Returns `run` (docs/formats.md, `bench_run`), and
a line with the number of measurements and how long they take. Changes nothing; needs no connection.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from typing import Any

from ansible.plugins.action import ActionBase
from msgspec import structs

from pipebench.earlier.complete import left_text
from pipebench.earlier.repeat import plan_repeated, repeated_text
from pipebench.earlier.resume import plan_resumed
from pipebench.hosts.ending import early_endings
from pipebench.hosts.owner import owner_of
from pipebench.hosts.via_controller import hosts_via_controller
from pipebench.plan.errors import Mistakes, PlanError
from pipebench.plan.estimate import plan_text
from pipebench.plan.phases import MEASURE, PROVISION, is_run
from pipebench.plan.project import read_project
from pipebench.plan.run_plan import plan_run
from pipebench.plan.testbeds import Inventory
from pipebench.plan.variables import LIKE, RESUME


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
        try:
            measures, provisions = (
                is_run(phase, known["ansible_run_tags"], known["ansible_skip_tags"])
                for phase in (MEASURE, PROVISION)
            )
            inventory, project = Inventory.from_ansible(known), read_project(sys.argv)
            if given.get(LIKE):
                run = plan_repeated(given, inventory, project, measures=measures)
                progress = repeated_text(run)
            elif given.get(RESUME):
                run = plan_resumed(given, inventory, project)
                progress = left_text(run)
            else:
                run = plan_run(given, inventory, project, measures=measures)
                progress = f"Run {run.run_id}, {plan_text(run)}, after provisioning"
            Mistakes(early_endings(run, inventory, time.time())).refuse()
            through = hosts_via_controller(inventory)
        except PlanError as error:
            inventories = ", ".join(known.get("ansible_inventory_sources") or ["none"])
            return answer | {"failed": True, "msg": f"{error}\n(inventory: {inventories})"}
        # this process is a worker of the one that makes the run
        run = structs.replace(
            run,
            owner=str(owner_of(os.getppid())),
            lease=secrets.token_hex(16),
            via_controller=through if provisions else [],
        )
        return answer | {"run": run.to_fact(), "progress": progress}
