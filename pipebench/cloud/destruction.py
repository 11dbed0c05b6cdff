"""Which fleets are to be destroyed, and whether nothing of them is left."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pipebench.cloud.cloud_file import read_cloud_file
from pipebench.cloud.creation import (
    expired,
    minute,
    refuse_other_account,
    refuse_other_place,
)
from pipebench.cloud.fleet import (
    GOES_ON,
    Fleet,
    checked_name,
    creation_of,
    folder_of,
    forget_fleet,
    read_fleet,
)
from pipebench.cloud.inventory import fleet_of, fleets_in
from pipebench.cloud.provider import FleetId, Place, Provider, Spot
from pipebench.cloud.providers import provider_of
from pipebench.plan.errors import PlanError

LOOK_AGAIN_S = 10
"""A request that was on its way when creating was cut off has had its effect after this."""


class Doomed(NamedTuple):
    """place: where they are. fleets: what to destroy. others: a line for each that lives on.

    question: what only a person knows, and what is to be done about it; empty if all is clear.
    """

    place: Spot
    fleets: list[FleetId]
    others: list[str]
    question: str = ""


def doomed(path: Path | None, name: str | None, owner: str | None, root: Path) -> Doomed:
    """The fleet of that name, and all whose time is over. Raises PlanError.

    path: the cloud file; may be None for a fleet that this computer settled, which is recorded.
    owner: of that fleet, if another computer settled it.
    """
    record = read_fleet(root, checked_name(name)) if name else None
    file = read_cloud_file(path) if path else None
    if record and file and path:
        refuse_other_place(record, file, path)
    place = record or file
    if place is None:
        raise PlanError(
            f"This computer has not settled the fleet {name}; say where it is with -e "
            "cloud_file=FILE."
            if name
            else "Say where fleets are to be looked for: -e cloud_file=FILE, or -e fleet=NAME."
        )
    provider = provider_of(place)
    if record:
        refuse_other_account(record, provider)
    now, fleets = provider.now(), provider.fleets()
    own = FleetId(name, owner or (record.owner if record else "")) if name else None
    if own and not own.owner:
        for fleet, until in fleets.items():
            if fleet.name == name and until > now.timestamp():
                raise PlanError(
                    f"The fleet {name} lives until {minute(until)}, and this computer did not "
                    f"create it; if it is yours, add -e cloud_owner={fleet.owner}."
                )
    others = [
        f"{fleet.name} lives until {minute(until)}"
        for fleet, until in fleets.items()
        if until > now.timestamp() and fleet != own
    ]
    question = unfound(record, provider, root) if record and own == record.id else ""
    return Doomed(
        Spot(place.provider, place.region, place.zone),
        [*([own] if own else []), *expired(fleets, own, now)],
        others,
        question,
    )


def unfound(fleet: Fleet, provider: Provider, root: Path) -> str:
    """What to ask about a fleet that was created here, and of which nothing at all is found."""
    if not creation_of(root, fleet.name) or provider.left(*fleet.id):
        return ""
    account = f" of the account {fleet.account}" if fleet.account else ""
    return (
        f"Of the fleet {fleet.name}, which this computer created in {fleet.zone} of "
        f"{fleet.provider}, nothing at all is found. Either somebody has deleted it, or these "
        f"credentials are not those that it was created with{account}, and it is still paid for."
    )


def forget(
    place: Place, fleets: Iterable[FleetId], inventory: Path, root: Path, *, again_s: float
) -> None:
    """Look that nothing of these fleets is left, and remove what this computer kept of them.

    again_s: after which to look once more if the creation was cut off. Raises PlanError with
    everything that is left.
    """
    fleets = list(fleets)
    provider = provider_of(place)
    _refuse_left(provider, fleets)
    if any(creation_of(root, fleet.name) == GOES_ON for fleet in fleets if _ours(fleet, root)):
        time.sleep(again_s)
        _refuse_left(provider, fleets)
    for fleet in fleets:
        if not _ours(fleet, root):
            continue
        forget_fleet(root, fleet.name)
        for file in fleets_in(inventory):
            if fleet_of(file) == fleet.name:
                file.unlink()


def _ours(fleet: FleetId, root: Path) -> bool:
    """Whether what this computer keeps by that name is of that fleet, and not of one alike."""
    record = read_fleet(root, fleet.name)
    return record.id == fleet if record else not folder_of(root, fleet.name).exists()


def _refuse_left(provider: Provider, fleets: Iterable[FleetId]) -> None:
    # without an owner it is of a fleet that this computer knows nothing of
    left = {fleet.name: provider.left(fleet.name, fleet.owner or None) for fleet in fleets}
    still = [f"{name}: {', '.join(things)}" for name, things in left.items() if things]
    if still:
        raise PlanError(
            *(f"Still there, and paid for, of the fleet {one}." for one in still),
            "Run playbooks/cloud_destroy.yml again; what it cannot remove, delete by hand.",
        )
