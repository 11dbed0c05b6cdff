"""What a provider of hosts has to answer; each module of providers/ does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, ClassVar, NamedTuple, Protocol

from msgspec import Meta, Struct

from pipebench.plan.errors import PlanError

PROJECT = "async-pipeline-bench"
PROJECT_TAG, FLEET_TAG, OWNER_TAG = "bench-project", "bench-fleet", "bench-owner"
EXPIRES_TAG = "bench-expires"
"""Of every resource: whose it is, and, in unix s, until when."""


Text = Annotated[str, Meta(min_length=1)]


class Image(Struct, frozen=True, kw_only=True):
    """What hosts boot from: the newest that has this name.

    owner: its account; required where anybody may give an image any name. name: may have *;
    {architecture} becomes amd64 or arm64. user: who may log in, and become root.
    """

    name: Text
    user: Text
    owner: Text | None = None


class FleetInventory(NamedTuple):
    """How Ansible's inventory plugin of a provider finds the hosts of a fleet, and what it says.

    ending: of the file, by which the plugin knows it. document: what the plugin reads to find the
    hosts of a fleet, given its name and region. The others are expressions of Jinja: tags, of a
    host; public and private, its addresses; cloud, by key, what is kept of it.
    """

    ending: str
    document: Callable[[str, str], dict[str, Any]]
    tags: str
    public: str
    private: str
    cloud: Mapping[str, str]


class Description(NamedTuple):
    """What is known of a provider without asking it.

    region_of: the region that a zone is in; None if that is not known without asking.
    zones_name_regions: whether it is known of every zone, by its name.
    image: what hosts boot from if the cloud file does not say. images_have_owners: whether an image
    of the cloud file must say whose it is. help: what an answer that says no means, by its code;
    code: finds that in the answer. lost: finds an answer that says nothing, and what it means.
    """

    region_of: Callable[[str], str | None]
    zones_name_regions: bool
    image: Image
    images_have_owners: bool
    inventory: FleetInventory
    help: Mapping[str, str]
    code: re.Pattern[str]
    lost: tuple[re.Pattern[str], str] | None = None


class FleetId(NamedTuple):
    """Which fleet a resource is of. Two computers may choose one name, and have two owners."""

    name: str
    owner: str


class MachineType(NamedTuple):
    """What an instance type is. architecture: amd64 or arm64. per_hour: of its currency.

    burstable: its CPU is slower than it seems once credits are spent. shared: other customers use
    the same CPUs. baseline_gbit, peak_gbit: of its network; None if the provider does not say.
    """

    name: str
    cpus: int
    architecture: str
    per_hour: float
    burstable: bool = False
    shared: bool = False
    baseline_gbit: float | None = None
    peak_gbit: float | None = None


class Found(NamedTuple):
    """An image. disk: its root device, as the provider wants it named; empty if it does not."""

    id: str
    disk: str = ""


class Place(Protocol):
    """Where a fleet is, or is to be: a cloud file says so, and a fleet that was settled."""

    @property
    def provider(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def zone(self) -> str: ...


class Spot(NamedTuple):
    """A place by its words, as one task hands it on to the next."""

    provider: str
    region: str
    zone: str


class Provider(Protocol):
    """One provider in one place. Everything raises PlanError, a sentence, if it gets no answer."""

    description: ClassVar[Description]
    currency: str
    price_source: str
    places_near: bool
    """Whether it can put hosts near each other."""

    def account(self) -> str:
        """Whose the credentials are; empty if the provider does not say."""

    def now(self) -> datetime:
        """The time by the provider's clock: that of this computer may be wrong."""

    def types(self, names: Iterable[str]) -> dict[str, MachineType]:
        """By name; those that this place has."""

    def known_types(self) -> list[str]:
        """The names of all types of this place."""

    def image(self, image: Image, architecture: str) -> Found:
        """The newest image of that name and owner."""

    def fleets(self) -> dict[FleetId, float]:
        """Until when each fleet of this project may live, unix s."""

    def left(self, fleet: str, owner: str | None = None) -> list[str]:
        """Every resource of a fleet that still exists, as `instance i-0123`.

        owner: of that fleet; None: of every fleet of that name.
        """


def latest(tagged: Iterable[dict[str, str]]) -> dict[FleetId, float]:
    """Until when each fleet lives; tagged: the tags of each of their resources."""
    found: dict[FleetId, float] = {}
    for tags in tagged:
        fleet = FleetId(tags.get(FLEET_TAG, ""), tags.get(OWNER_TAG, ""))
        expires = tags.get(EXPIRES_TAG, "")
        if all(fleet) and expires.isdigit():
            found[fleet] = max(found.get(fleet, 0), float(expires))
    return found


def owned(fleet: str, owner: str | None) -> dict[str, str]:
    """The tags by which everything of a fleet is found."""
    tags = {PROJECT_TAG: PROJECT, FLEET_TAG: fleet}
    return tags if owner is None else tags | {OWNER_TAG: owner}


def clock(date: str | None, provider: str) -> datetime:
    """The moment in the head `Date` of an answer. Raises PlanError."""
    try:
        return parsedate_to_datetime(date or "").astimezone(UTC)
    except ValueError as error:
        raise PlanError(
            f"{provider} does not say what time it is (Date is {date!r}), so that nobody knows "
            "which fleets have expired; try again later."
        ) from error
