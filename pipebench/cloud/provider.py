"""What a provider of hosts has to answer; aws.py and hetzner.py do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from pipebench.cloud.cloud_file import Image

PROJECT = "async-pipeline-bench"
PROJECT_TAG, FLEET_TAG, EXPIRES_TAG = "bench-project", "bench-fleet", "bench-expires"
"""Of every resource: whose it is, and, in unix s, until when."""


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


class Provider(Protocol):
    """One provider in one place. Everything raises PlanError, a sentence, if it gets no answer."""

    currency: str
    price_source: str
    places_near: bool
    """Whether it can put hosts near each other."""

    def types(self, names: Iterable[str]) -> dict[str, MachineType]:
        """By name; those that this place has."""

    def known_types(self) -> list[str]:
        """The names of all types of this place."""

    def image(self, image: Image, architecture: str) -> Found:
        """The newest image of that name and owner."""

    def fleets(self) -> dict[str, float]:
        """Until when each fleet of this project may live, unix s, by its name."""

    def left(self, fleet: str) -> list[str]:
        """Every resource of a fleet that still exists, as `instance i-0123`."""


def latest(tagged: Iterable[dict[str, str]]) -> dict[str, float]:
    """Until when each fleet lives, by name; tagged: the tags of each of their resources."""
    found: dict[str, float] = {}
    for tags in tagged:
        fleet, expires = tags.get(FLEET_TAG), tags.get(EXPIRES_TAG, "")
        if fleet and expires.isdigit():
            found[fleet] = max(found.get(fleet, 0), float(expires))
    return found
