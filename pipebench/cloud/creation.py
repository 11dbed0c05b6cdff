"""From a cloud file to a settled fleet, which is kept: what creates and what shows share it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from pipebench.cloud.access import own_network
from pipebench.cloud.cloud_file import CloudFile, read_cloud_file
from pipebench.cloud.fleet import Fleet, checked_name, keep_fleet, new_name, read_fleet, settle
from pipebench.cloud.provider import FleetId, Place, Provider
from pipebench.cloud.providers import provider_of
from pipebench.plan.errors import Mistakes, PlanError

ROOT = Path(__file__).resolve().parents[2]


class Wanted(NamedTuple):
    """What is asked for. fleet: as this computer has settled it before; None if it has not."""

    file: CloudFile
    fleet: Fleet | None


class Settled(NamedTuple):
    """fleet: what there will be, or is. known: whether this computer has settled it before.

    expired: other fleets whose time is over. now: by the provider's clock.
    """

    fleet: Fleet
    known: bool
    expired: list[FleetId]
    now: datetime


def wanted(path: Path, name: str | None, root: Path) -> Wanted:
    """A cloud file and a name, as far as nobody has to be asked. Raises PlanError."""
    mistakes = Mistakes()
    fleet = None
    if name is not None:
        with mistakes.collected():
            fleet = read_fleet(root, checked_name(name))
    try:
        file = read_cloud_file(path)
    except PlanError as error:
        raise PlanError(*mistakes, *error.sentences) from error
    mistakes.refuse()
    if fleet:
        refuse_other_place(fleet, file, path)
    return Wanted(file, fleet)


def settled(path: Path, name: str | None, root: Path) -> Settled:
    """What a cloud file asks for, as its provider has it today. Writes nothing. Raises PlanError.

    A name that this computer has settled before means that fleet as it was settled.
    """
    file, fleet = wanted(path, name, root)
    provider = provider_of(file)
    now = provider.now()
    name = name or new_name(now)
    fleets = provider.fleets()
    known = fleet is not None
    if fleet is None:
        refuse_taken(name, "", fleets, now)
        fleet = settle(file, name, provider, ssh_from(file), now)
    else:
        refuse_other_account(fleet, provider)
        if fleet.expires <= now.timestamp():
            raise PlanError(f"The time of the fleet {name} is over; choose another name.")
        refuse_taken(name, fleet.owner, fleets, now)
    return Settled(fleet, known, expired(fleets, fleet.id, now), now)


def refuse_taken(name: str, owner: str, fleets: Mapping[FleetId, float], now: datetime) -> None:
    """Raise PlanError if a fleet of another owner that lives has this name."""
    for fleet, until in fleets.items():
        if fleet.name == name and fleet.owner != owner and until > now.timestamp():
            raise PlanError(
                f"Another fleet has the name {name}, and lives until {minute(until)}; leave out "
                "the name, and the fleet gets one of its own."
            )


def refuse_other_place(fleet: Fleet, place: Place, path: Path) -> None:
    """Raise PlanError if the file asks for another place than the fleet is in."""
    if (fleet.provider, fleet.region, fleet.zone) != (place.provider, place.region, place.zone):
        raise PlanError(
            f"The fleet {fleet.name} is in {fleet.zone} of {fleet.provider}, and {path} says "
            f"{place.zone} of {place.provider}; give the file that it was created with, or "
            "choose another name."
        )


def refuse_other_account(fleet: Fleet, provider: Provider) -> None:
    """Raise PlanError if the credentials are not those of the account that the fleet is in."""
    account = provider.account()
    if fleet.account and account != fleet.account:
        raise PlanError(
            f"The fleet {fleet.name} is in the account {fleet.account} of {fleet.provider}, and "
            f"these credentials are of the account {account}; set those of {fleet.account}."
        )


def expired(fleets: Mapping[FleetId, float], but: FleetId | None, now: datetime) -> list[FleetId]:
    """Fleets of this project whose time is over. fleets: until when each lives, unix s.

    now: by the provider's clock. This computer's may be wrong, and fleets of others are living.
    """
    return [fleet for fleet, until in fleets.items() if until <= now.timestamp() and fleet != but]


def minute(moment: float) -> str:
    """Unix s for a person."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"


def ssh_from(file: CloudFile) -> str:
    """The network that may use ssh; empty if it is this computer's address on the internet."""
    if file.ssh_from is not None:
        return file.ssh_from
    return file.network if file.address == "private" else ""


def keep(root: Path, fleet: Fleet) -> Fleet:
    """Keep a new fleet that will be created, with the network that may use ssh.

    Only here this computer's address is asked for. Raises PlanError.
    """
    fleet = msgspec.structs.replace(fleet, ssh_from=fleet.ssh_from or own_network())
    keep_fleet(root, fleet)
    return fleet
