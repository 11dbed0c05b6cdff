"""Write `data` as JSON to `path` on the controller, whole or not at all."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

# Ansible loads this file by its path; its neighbours are found from there.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from controller.json_file import write_json


class ActionModule(ActionBase):
    """The action `json_file`: arguments `path` (absolute) and `data` (anything JSON can hold)."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"path", "data"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = super().run(tmp, task_vars)
        write_json(self._task.args["path"], self._task.args["data"])
        return answer
