"""Write a text on the controller, the whole file or none, in this process.

Arguments: `path` (absolute) and `text`, in which question marks stand for what is not text.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.record.store import write_text


class ActionModule(ActionBase):
    """The action `controller_file`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"path", "text"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        text = str(self._task.args["text"]).encode(errors="replace").decode()
        write_text(self._task.args["path"], text)
        return answer
