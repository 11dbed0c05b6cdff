"""The controller's half of provision_stamp: a digest of what provisions a host."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.plan.digest import digest_of

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    "roles/host", "roles/server", "roles/loadgen", "plugins/action", "plugins/modules", "files",
    "pipebench/locks",
)  # fmt: skip
LOCK = ROOT / "requirements.txt"  # it has the Go that builds, and the uv that is brought
OF_ROLES = ("host_", "server_", "loadgen_")


def digest_of_base(variables: dict[str, Any]) -> str:
    """A digest of the roles, of what they deploy but the frameworks, and of their variables."""
    parts = [*(digest_of(ROOT / folder) for folder in FOLDERS), LOCK.read_text("utf-8")]
    text = json.dumps([parts, variables], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class ActionModule(ActionBase):
    """The action `provision_stamp`."""

    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        words = self._task.args.copy()
        tools = words.pop("tools", [])
        if words["state"] == "read":
            given = {
                name: self._templar.template(value)
                for name, value in (task_vars or {}).items()
                if name.startswith(OF_ROLES)
            }
            words["base"] = digest_of_base({**given, "tools": tools})
        answer: dict[str, Any] = self._execute_module(module_args=words, task_vars=task_vars)
        return {**answer, "base": words["base"]}
