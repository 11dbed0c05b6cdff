"""Look that nothing of destroyed fleets is left, and forget them.

Arguments: `place` (`provider`, `region`, `zone`); `fleets` (each `name`, `owner`); `inventory`, the
folder that may have their inventories. Fails with what is left.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.cloud.creation import ROOT
from pipebench.cloud.destruction import LOOK_AGAIN_S, forget
from pipebench.cloud.provider import FleetId, Spot
from pipebench.documents.declared import plain
from pipebench.plan.errors import PlanError


class ActionModule(ActionBase):
    """The action `cloud_forget`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"place", "fleets", "inventory"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = plain(self._task.args)
        place = Spot(*(str(given["place"][key]) for key in Spot._fields))
        fleets = [FleetId(str(one["name"]), str(one["owner"])) for one in given["fleets"]]
        try:
            forget(place, fleets, Path(str(given["inventory"])), ROOT, again_s=LOOK_AGAIN_S)
        except PlanError as error:
            return answer | {"failed": True, "msg": str(error)}
        names = ", ".join(fleet.name for fleet in fleets)
        where = f"{place.zone} of {place.provider}"
        said = f"Nothing is left of {names}: looked for by its tags in {where}"
        return answer | ({"progress": said} if names else {})
