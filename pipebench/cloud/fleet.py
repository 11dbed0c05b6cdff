"""A fleet: exactly which hosts there will be, settled once and kept beside its key.

.cloud/NAME/ has fleet.json, how far its creation has come, the key that opens its hosts, and their
host keys. It is this computer's alone. What destroys the fleet goes by that record, and by the tags
that every resource carries.
"""

from __future__ import annotations

import re
import secrets
import shutil
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from pipebench.cloud.cloud_file import CloudFile, Replicas
from pipebench.cloud.provider import (
    EXPIRES_TAG,
    FLEET_TAG,
    OWNER_TAG,
    PROJECT,
    PROJECT_TAG,
    FleetId,
    MachineType,
    Provider,
)
from pipebench.documents.declared import matches, suggestion
from pipebench.plan.errors import Mistakes, PlanError
from pipebench.record.store import write_bytes, write_text

STATE = Path(".cloud")
FLEET, CREATION = "fleet.json", "creation"
GOES_ON, ENDED = "goes on", "ended"
"""What CREATION says, from the first resource on that the provider has made."""
FleetName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}\Z")]


class FleetHost(Struct, frozen=True, kw_only=True):
    """A host that is rented. role: server or loadgen. image: its id. disk: its root device.

    per_hour: its price. shared: other customers use its CPUs, too.
    """

    name: str
    role: str
    testbed: str
    type: str
    image: str
    disk: str
    cpus: int
    per_hour: float
    shared: bool = False
    baseline_gbit: float | None = None
    peak_gbit: float | None = None


class Fleet(Struct, frozen=True, kw_only=True):
    """All hosts of one cloud file, the scarcest first.

    owner: a random word that this computer alone knows it by: two that choose one name see that the
    other was there. near: whether its hosts are put near each other. expires: when its hosts end
    themselves, unix s. price_date: the day of prices. account: whose it is at the provider; empty
    if that does not say. ssh_from: the network that may use ssh; empty before the fleet is
    kept if it is this computer's.
    """

    name: str
    owner: str
    provider: str
    region: str
    zone: str
    network: str
    ssh_from: str
    address: str
    near: bool
    user: str
    expires: int
    currency: str
    price_source: str
    price_date: str
    hosts: list[FleetHost]
    account: str = ""

    @property
    def id(self) -> FleetId:
        return FleetId(self.name, self.owner)

    @property
    def per_hour(self) -> float:
        """What all hosts cost an hour."""
        return sum(host.per_hour for host in self.hosts)

    @property
    def tags(self) -> dict[str, str]:
        """Of every resource."""
        return {
            PROJECT_TAG: PROJECT,
            FLEET_TAG: self.name,
            EXPIRES_TAG: str(self.expires),
            OWNER_TAG: self.owner,
        }

    def tags_of(self, host: FleetHost) -> dict[str, str]:
        """What a host carries besides, from which the inventory knows it."""
        return {
            "bench-host": host.name,
            "bench-role": host.role,
            "bench-testbed": host.testbed,
            "bench-price": f"{host.per_hour:.6g}",
            "bench-price-date": self.price_date,
            "bench-baseline-gbit": f"{host.baseline_gbit or ''}",
            "bench-peak-gbit": f"{host.peak_gbit or ''}",
        }


def new_name(now: datetime) -> str:
    """`mmdd-hhmm-xxxxxx` for the moment `now` (UTC): no other fleet has it."""
    return f"{now:%m%d-%H%M}-{secrets.token_hex(3)}"


def checked_name(name: str) -> str:
    """A fleet's name that was given. Raises PlanError."""
    if not matches(name, FleetName):
        raise PlanError(
            f"The fleet's name is {name!r}; it must have at most 32 of a-z, 0-9 and -, and must "
            "not begin with -."
        )
    return name


def settle(file: CloudFile, name: str, provider: Provider, ssh_from: str, now: datetime) -> Fleet:
    """The fleet of a cloud file. Raises PlanError with every mistake."""
    wanted = list(dict.fromkeys(
        type_ for one in file.testbeds for type_ in (one.machine, one.generator)
    ))  # fmt: skip
    types = provider.types(wanted)
    mistakes = Mistakes()
    for type_ in wanted:
        if type_ not in types:
            known = suggestion(type_, provider.known_types())
            mistakes.append(f"{file.provider} has no type {type_!r} in {file.zone}; {known}")
        elif types[type_].burstable and not file.burstable:
            mistakes.append(
                f"{type_} is burstable: its CPU gets slower while it is measured, when its credits "
                "are spent; choose another type, or set burstable to true."
            )
    mistakes.refuse()
    image = file.booted_image
    images = {
        kind: provider.image(image, kind) for kind in {one.architecture for one in types.values()}
    }
    hosts = [
        FleetHost(
            name=host, role=role, testbed=testbed, type=type_.name,
            image=images[type_.architecture].id, disk=images[type_.architecture].disk,
            cpus=type_.cpus, per_hour=type_.per_hour, shared=type_.shared,
            baseline_gbit=type_.baseline_gbit, peak_gbit=type_.peak_gbit,
        )
        for one, testbed in testbeds_of(file.testbeds)
        for host, role, type_ in hosts_of(one, testbed, types)
    ]  # fmt: skip
    # what is dear is scarce; what a provider does not have is then found out while little is paid
    hosts.sort(key=lambda host: -host.per_hour)
    fleet = Fleet(
        name=name, owner=secrets.token_hex(8), provider=file.provider, region=file.region,
        zone=file.zone, network=file.network, ssh_from=ssh_from, address=file.address,
        # a burstable instance cannot be in a cluster placement group
        near=provider.places_near and not any(one.burstable for one in types.values()),
        user=image.user, expires=int(now.timestamp() + file.time_to_live_hours * 3600),
        currency=provider.currency, price_source=provider.price_source,
        price_date=f"{now:%Y-%m-%d}", hosts=hosts, account=provider.account(),
    )  # fmt: skip
    in_all = fleet.per_hour * file.time_to_live_hours
    if in_all > file.highest_price:
        raise PlanError(
            f"{len(hosts)} hosts for {file.time_to_live_hours:g} h cost {in_all:.2f} "
            f"{fleet.currency}, and highest_price is {file.highest_price:g}; rent fewer, for "
            "a shorter time, or raise it."
        )
    return fleet


def testbeds_of(testbeds: list[Replicas]) -> list[tuple[Replicas, str]]:
    """Each testbed with its name, as c7i-large-1; numbers go on if a type is listed twice."""
    counts: dict[str, int] = {}
    named = []
    for one in testbeds:
        for _ in range(one.count):
            counts[one.machine] = counts.get(one.machine, 0) + 1
            word = re.sub(r"[^a-z0-9]+", "-", one.machine.lower()).strip("-")
            named.append((one, f"{word}-{counts[one.machine]}"))
    return named


def hosts_of(
    one: Replicas, testbed: str, types: dict[str, MachineType]
) -> list[tuple[str, str, MachineType]]:
    """Name, role and type of each host of a testbed."""
    generators = [
        (f"{testbed}-loadgen" + (f"-{number}" if one.generators > 1 else ""), "loadgen")
        for number in range(1, one.generators + 1)
    ]
    return [
        (f"{testbed}-server", "server", types[one.machine]),
        *((name, role, types[one.generator]) for name, role in generators),
    ]


def folder_of(root: Path, name: str) -> Path:
    return root / STATE / name


def read_fleet(root: Path, name: str) -> Fleet | None:
    """The fleet that this computer settled; None if it did not. Raises PlanError."""
    path = folder_of(root, name) / FLEET
    try:
        return msgspec.json.decode(path.read_bytes(), type=Fleet)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.ValidationError, msgspec.DecodeError) as error:
        raise PlanError(f"{path} cannot be used: {error}; choose another name.") from error


def keep_fleet(root: Path, fleet: Fleet) -> Path:
    """Write a new fleet down, and return its folder, which only this user can read.

    Raises PlanError if there is one of that name.
    """
    folder = folder_of(root, fleet.name)
    folder.parent.mkdir(exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError as error:
        raise PlanError(
            f"{folder} exists, and another process may use it; choose another name."
        ) from error
    write_bytes(folder / FLEET, msgspec.json.format(msgspec.json.encode(fleet), indent=1) + b"\n")
    return folder


def creation_of(root: Path, name: str) -> str:
    """How far the creation of a fleet has come: GOES_ON, ENDED, or empty if nothing was created.

    What was cut off goes on: nobody knows what the provider still makes of the last request.
    """
    try:
        return (folder_of(root, name) / CREATION).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def keep_creation(root: Path, name: str, how_far: str) -> None:
    write_text(folder_of(root, name) / CREATION, f"{how_far}\n")


def forget_fleet(root: Path, name: str) -> None:
    """Remove what this computer kept of a fleet."""
    shutil.rmtree(folder_of(root, name), ignore_errors=True)
