"""Write a text into a run's folder on the controller, the whole file or none, in this process.

Arguments: `folder`; `file`, its name there; and `text`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.record.folder import write_files


class ActionModule(ActionBase):
    """The action `controller_file`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"folder", "file", "text"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = self._task.args
        content = given["text"].encode(errors="replace")
        write_files(Path(given["folder"]), {given["file"]: content}, durable=True)
        return answer
