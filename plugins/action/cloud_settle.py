"""Settle which hosts a cloud file asks for: before any is created, and the same a second time.

Arguments: `file`, the cloud file; `name`, the fleet's, or it gets a new one; `inventory`, the
folder that the fleet's inventory is kept in. Returns `fleet` (as .cloud/NAME/fleet.json, each host
with its tags), `folder`, `tags`, `public_key`, `login` (Ansible's variables for ssh), `user_data`,
`place`, and `expired`, the fleets whose time is over (as cloud_doomed). Asks the provider, and
changes nothing there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from ansible.plugins.action import ActionBase

from pipebench.cloud.access import login, public_key
from pipebench.cloud.creation import ROOT, keep, settled
from pipebench.cloud.first_boot import user_data
from pipebench.cloud.fleet import folder_of, forget_fleet
from pipebench.cloud.inventory import keep_inventory
from pipebench.cloud.provider import Spot
from pipebench.documents.declared import plain
from pipebench.plan.errors import PlanError


class ActionModule(ActionBase):
    """The action `cloud_settle`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"file", "name", "inventory"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = plain(self._task.args)
        try:
            fleet, known, expired, _ = settled(Path(str(given["file"])), given.get("name"), ROOT)
            fleet = fleet if known else keep(ROOT, fleet)
        except PlanError as error:
            return answer | {"failed": True, "msg": str(error)}
        folder = folder_of(ROOT, fleet.name)
        try:
            key = public_key(folder)
            keep_inventory(Path(str(given["inventory"])), fleet, folder)
        except PlanError as error:
            if not known:
                forget_fleet(ROOT, fleet.name)
            return answer | {"failed": True, "msg": str(error)}
        fact = msgspec.to_builtins(fleet)
        for host, described in zip(fleet.hosts, fact["hosts"], strict=True):
            described["tags"] = fleet.tags_of(host)
        return answer | {
            "fleet": fact,
            "folder": str(folder),
            "tags": fleet.tags,
            "public_key": key,
            "login": login(fleet.user, folder),
            "user_data": user_data(fleet.expires),
            "place": Spot(fleet.provider, fleet.region, fleet.zone)._asdict(),
            "expired": [one._asdict() | {"region": fleet.region} for one in expired],
            "progress": f"Fleet {fleet.name}: {len(fleet.hosts)} hosts at {fleet.provider}",
        }
