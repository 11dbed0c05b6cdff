"""Validate variables, inventory and frameworks, and plan the run: before any host is touched.

Takes nothing but the variables of the play. Returns `run` (docs/architecture.md, `bench_run`), and
says in a line how many measurements there will be and how long they take. Changes nothing; needs no
connection.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.plan.estimate import plan_text
from pipebench.plan.run_plan import PlanError, plan_run

ROOT = Path(__file__).resolve().parents[2]
CONTROLLER_FREE_BYTES = 200 * 1024**2


def git(*arguments: str) -> str | None:
    """What git says of the repository, or None where it is not one."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def disk_mistake(results: Path) -> str | None:
    """A sentence if the disk that the results go to is nearly full."""
    there = next(folder for folder in results.parents if folder.exists())
    free = shutil.disk_usage(there).free
    if free >= CONTROLLER_FREE_BYTES:
        return None
    return (
        f"{there} has {free // 1024**2} MiB free; the results want at least "
        f"{CONTROLLER_FREE_BYTES // 1024**2} MiB."
    )


class ActionModule(ActionBase):
    """The action `bench_plan`."""

    _requires_connection = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset()

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        given = {
            name: self._templar.template(task_vars[name])
            for name in task_vars
            if name.startswith("bench_")
        }
        groups, hostvars = task_vars["groups"], task_vars["hostvars"]
        try:
            run = plan_run(
                given, (groups.get("servers", []), groups.get("loadgens", []), hostvars), ROOT
            )
        except PlanError as error:
            inventories = ", ".join(task_vars.get("ansible_inventory_sources") or ["none"])
            return result | {"failed": True, "msg": f"{error}\n(inventory: {inventories})"}
        full = disk_mistake(Path(run["results_dir"]))
        if full:
            return result | {"failed": True, "msg": full}

        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        run["version"] = project["version"]
        run["commit"] = git("rev-parse", "HEAD")
        run["dirty"] = bool(git("status", "--porcelain"))
        # As one would type it in the repository, wherever that is.
        arguments = [argument.removeprefix(f"{ROOT}/") for argument in sys.argv[1:]]
        run["command"] = [Path(sys.argv[0]).name, *arguments]
        result["progress"] = f"Run {run['run_id']}, {plan_text(run)}, after provisioning"
        result["run"] = run
        return result
