"""The controller's half of programs_deploy: read the programs of the folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


def read_programs(source: Path, folders: list[str]) -> dict[str, str]:
    """The text of every program in those folders of `source`, by its path in `source`."""
    files: dict[str, str] = {}
    for folder in folders:
        paths = sorted((source / folder).rglob("*.py"))
        if not paths:
            raise AnsibleActionFail(f"{source / folder} has no programs")
        files |= {str(path.relative_to(source)): path.read_text("utf-8") for path in paths}
    return files


class ActionModule(ActionBase):
    """The action `programs_deploy`."""

    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        words = self._task.args.copy()
        words["files"] = read_programs(Path(words["source"]), words["folders"])
        answer: dict[str, Any] = self._execute_module(module_args=words, task_vars=task_vars)
        return answer
