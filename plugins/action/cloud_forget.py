"""Look that nothing of destroyed fleets is left, and forget them.

Arguments: `file`, the cloud file, for provider and region; `names`, of the fleets; `inventory`, the
folder that may have their inventories. Fails with what is left.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.cloud.creation import ROOT
from pipebench.cloud.destruction import forget
from pipebench.plan.mistakes import PlanError
from pipebench.record.declared import plain


class ActionModule(ActionBase):
    """The action `cloud_forget`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"file", "names", "inventory"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = plain(self._task.args)
        names = [str(name) for name in given["names"]]
        try:
            forget(Path(str(given["file"])), names, Path(str(given["inventory"])), ROOT)
        except PlanError as error:
            return answer | {"failed": True, "msg": str(error)}
        said = f"Nothing is left of {', '.join(names)}: looked for by its tags"
        return answer | ({"progress": said} if names else {})
