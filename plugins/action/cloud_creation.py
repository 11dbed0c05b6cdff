"""Keep how far the creation of a fleet has come: destroying depends on it.

Arguments: `name`, of the fleet; `state`, `goes on` once the provider has made the first resource,
`ended` when nothing more is asked of it.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.cloud.creation import ROOT
from pipebench.cloud.fleet import keep_creation
from pipebench.documents.declared import plain


class ActionModule(ActionBase):
    """The action `cloud_creation`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"name", "state"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = plain(self._task.args)
        keep_creation(ROOT, str(given["name"]), str(given["state"]))
        return answer
