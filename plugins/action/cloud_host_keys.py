"""Wait until ssh answers at all hosts of a fleet, and keep their host keys, each asked for once.

Arguments: `folder`, of the fleet; `addresses`; `patience`, in s.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.cloud.access import learn_host_keys
from pipebench.documents.declared import plain
from pipebench.plan.errors import PlanError


class ActionModule(ActionBase):
    """The action `cloud_host_keys`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"folder", "addresses", "patience"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = plain(self._task.args)
        try:
            changed = learn_host_keys(
                Path(given["folder"]), given["addresses"], float(given["patience"])
            )
        except PlanError as error:
            return answer | {"failed": True, "msg": str(error)}
        return answer | {"changed": changed}
