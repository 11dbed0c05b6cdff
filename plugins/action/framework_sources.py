"""Put together on the controller what a variant of a framework is built from."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.plan.variants import contents


class ActionModule(ActionBase):
    """The action `framework_sources`: folder, variant, and path, which holds them and no more."""

    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        super().run(tmp, task_vars)
        words = self._task.args
        path = Path(words["path"])
        shutil.rmtree(path, ignore_errors=True)
        for name, file in contents(Path(words["folder"]), words["variant"]).items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, path / name)
        return {"changed": False}
