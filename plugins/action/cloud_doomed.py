"""Which fleets playbooks/cloud_destroy.yml destroys: the named one, and those whose time is over.

Arguments: `file`, the cloud file, for provider and region; `name`, of the fleet, or none. Returns
`provider`, `region`, `names`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.cloud.destruction import doomed
from pipebench.plan.mistakes import PlanError
from pipebench.record.declared import plain


class ActionModule(ActionBase):
    """The action `cloud_doomed`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"file", "name"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = plain(self._task.args)
        try:
            found = doomed(Path(str(given["file"])), given.get("name"))
        except PlanError as error:
            return answer | {"failed": True, "msg": str(error)}
        lines = [
            f"To destroy: {', '.join(found.names)}"
            if found.names
            else "There is nothing to destroy",
            *found.others,
        ]
        return answer | {
            "provider": found.provider,
            "region": found.region,
            "names": found.names,
            "progress": "; ".join(lines),
        }
