"""Put together on the controller what a variant of a framework is built from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.plan.variants import put_together


class ActionModule(ActionBase):
    """The action `framework_sources`: folder, variant, and path, which holds them and no more."""

    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        super().run(tmp, task_vars)
        words = self._task.args
        put_together(Path(words["folder"]), words["variant"], Path(words["path"]))
        return {"changed": False}
