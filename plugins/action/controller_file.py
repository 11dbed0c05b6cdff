"""Write a file on the controller, whole or not at all, in this process.

Arguments: `path` (absolute), and `data` (written as JSON) or `text`.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.record.whole_file import write_json, write_text


class ActionModule(ActionBase):
    """The action `controller_file`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"path", "data", "text"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = self._task.args
        if "text" in given:
            write_text(given["path"], given["text"])
        else:
            write_json(given["path"], given["data"])
        return answer
