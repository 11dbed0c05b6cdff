"""Which fleets are to be destroyed, and whether nothing of them is left."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pipebench.cloud.cloud_file import read_cloud_file
from pipebench.cloud.creation import expired
from pipebench.cloud.fleet import checked_name, folder_of, now_utc
from pipebench.cloud.inventory import fleet_of, fleets_in
from pipebench.cloud.providers import provider_of
from pipebench.plan.mistakes import PlanError


class Doomed(NamedTuple):
    """names: of the fleets to destroy. others: a line for each fleet that lives on."""

    provider: str
    region: str
    names: list[str]
    others: list[str]


def doomed(path: Path, name: str | None) -> Doomed:
    """The fleet of that name, and all whose time is over. Raises PlanError."""
    file = read_cloud_file(path)
    fleets = provider_of(file).fleets()
    now = now_utc().timestamp()
    over = expired(fleets, name or "", now)
    others = [
        f"{fleet} lives until {datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M} UTC"
        for fleet, until in fleets.items()
        if until > now and fleet != name
    ]
    names = [checked_name(name), *over] if name else over
    return Doomed(file.provider, file.region, names, others)


def forget(path: Path, names: Iterable[str], inventory: Path, root: Path) -> None:
    """Look that nothing of these fleets is left, and remove what this computer kept of them.

    Raises PlanError with everything that is left.
    """
    provider = provider_of(read_cloud_file(path))
    left = {name: provider.left(name) for name in names}
    still = [f"{name}: {', '.join(things)}" for name, things in left.items() if things]
    if still:
        raise PlanError(
            *(f"Still there, and paid for, of the fleet {one}." for one in still),
            "Run playbooks/cloud_destroy.yml again; what it cannot remove, delete by hand.",
        )
    for name in left:
        shutil.rmtree(folder_of(root, name), ignore_errors=True)
    for file in fleets_in(inventory):
        if fleet_of(file) in left:
            file.unlink()
