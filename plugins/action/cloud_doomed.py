"""Which fleets playbooks/cloud_destroy.yml destroys: the named one, and those whose time is over.

Arguments: `file`, the cloud file, or none for a fleet that this computer settled; `name`, of the
fleet, or none; `owner`, of that fleet if another computer settled it. Returns `place` (`provider`,
`region`, `zone`), `fleets` (each `name`, `owner`, `region`), and `question`, which only a person
can answer; it is empty if all is clear. Asks the provider, and changes nothing there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.cloud.creation import ROOT
from pipebench.cloud.destruction import doomed
from pipebench.documents.declared import plain
from pipebench.plan.errors import PlanError


class ActionModule(ActionBase):
    """The action `cloud_doomed`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"file", "name", "owner"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = plain(self._task.args)
        file = given.get("file")
        try:
            found = doomed(
                Path(str(file)) if file else None, given.get("name"), given.get("owner"), ROOT
            )
        except PlanError as error:
            return answer | {"failed": True, "msg": str(error)}
        names = [fleet.name for fleet in found.fleets]
        lines = [
            f"To destroy: {', '.join(names)}" if names else "There is nothing to destroy",
            *found.others,
        ]
        return answer | {
            "place": found.place._asdict(),
            "fleets": [fleet._asdict() | {"region": found.place.region} for fleet in found.fleets],
            "question": found.question,
            "progress": "; ".join(lines),
        }
