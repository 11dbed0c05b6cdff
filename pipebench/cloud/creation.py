"""From a cloud file to a settled fleet, which is kept: what creates and what shows share it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pipebench.cloud.access import own_network
from pipebench.cloud.cloud_file import CloudFile, read_cloud_file
from pipebench.cloud.fleet import (
    Fleet,
    checked_name,
    new_name,
    now_utc,
    read_fleet,
    settle,
)
from pipebench.cloud.providers import provider_of
from pipebench.plan.mistakes import PlanError

ROOT = Path(__file__).resolve().parents[2]


class Settled(NamedTuple):
    """fleet: what there will be, or is. expired: names of other fleets whose time is over."""

    fleet: Fleet
    expired: list[str]


def settled(path: Path, name: str | None, root: Path) -> Settled:
    """What a cloud file asks for, as its provider has it today. Writes nothing. Raises PlanError.

    A name that this computer has settled before means that fleet as it was settled.
    """
    file = read_cloud_file(path)
    provider = provider_of(file)
    now = now_utc()
    name = checked_name(name or new_name(now))
    fleet = read_fleet(root, name)
    if fleet is None:
        fleet = settle(file, name, provider, ssh_from(file), now)
    elif (fleet.provider, fleet.region, fleet.zone) != (file.provider, file.region, file.zone):
        raise PlanError(
            f"The fleet {name} is in {fleet.zone} of {fleet.provider}, and {path} says {file.zone} "
            f"of {file.provider}; choose another name."
        )
    elif fleet.expires <= now.timestamp():
        raise PlanError(f"The time of the fleet {name} is over; choose another name.")
    return Settled(fleet, expired(provider.fleets(), name, now.timestamp()))


def expired(fleets: Mapping[str, float], but: str, now: float) -> list[str]:
    """Fleets of this project whose time is over. fleets: until when each lives, unix s."""
    return [name for name, until in fleets.items() if until <= now and name != but]


def ssh_from(file: CloudFile) -> str:
    """The network that may use ssh. Raises PlanError."""
    if file.ssh_from is not None:
        return file.ssh_from
    return file.network if file.address == "private" else own_network()
