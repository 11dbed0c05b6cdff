"""Hetzner's cloud: types, prices, images, and what is there. Reads only; cloud_hetzner writes.

The token is HCLOUD_TOKEN, as every program of Hetzner takes it; HCLOUD_ENDPOINT another address.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipebench.cloud.problems import sentence_of, unreachable
from pipebench.cloud.provider import (
    FLEET_TAG,
    PROJECT,
    PROJECT_TAG,
    Description,
    FleetId,
    FleetInventory,
    Found,
    Image,
    MachineType,
    clock,
    latest,
    owned,
)
from pipebench.plan.errors import PlanError

if TYPE_CHECKING:
    from hcloud.server_types.client import BoundServerType

ENDPOINT = "https://api.hetzner.cloud/v1"
ANSWER_S = 30
ARCHITECTURES = {"x86": "amd64", "arm": "arm64"}

REGIONS = {
    "fsn1": "eu-central", "nbg1": "eu-central", "hel1": "eu-central",
    "ash": "us-east", "hil": "us-west", "sin": "ap-southeast",
}  # fmt: skip
"""Of each location its network zone; newer ones are asked for."""

HELP = {
    "unauthorized": "the token is not valid",
    "forbidden": "the token may only read; it must be able to write",
    "resource_limit_exceeded": "the project's quota is used up; ask for more, or rent fewer",
    "resource_unavailable": "the location has no such server left; try another location, or later",
    "uniqueness_error": "another fleet has this name",
    "rate_limit_exceeded": "too many requests; try later",
}
"""What an answer that says no means, by its code."""


def plugin_document(fleet: str, _region: str) -> dict[str, Any]:
    """What Ansible's plugin reads."""
    return {
        "plugin": "hetzner.hcloud.hcloud",
        "label_selector": f"{PROJECT_TAG}={PROJECT},{FLEET_TAG}={fleet}",
        "status": ["running"],
        "network": f"bench-{fleet}",
        "hostname": "{{ hcloud_labels['bench-host'] }}",
    }


LOST = (
    "Hetzner said no, and its module does not say why: mostly the project's quota is used up, or "
    "the token may only read"
)
DESCRIPTION = Description(
    region_of=REGIONS.get,
    zones_name_regions=False,
    image=Image(name="debian-13", user="root"),
    images_have_owners=False,
    inventory=FleetInventory(
        ending=".hcloud.yml",
        document=plugin_document,
        tags="hcloud_labels",
        public="hcloud_ipv4",
        private="hcloud_private_ipv4",
        cloud={
            "type": "hcloud_server_type",
            "zone": "hcloud_location",
            "instance": "hcloud_id | string",
            "image": "hcloud_image_name | default('', true)",
            "lifecycle": "'on-demand'",
            "placement": "''",
        },
    ),
    help=HELP,
    code=re.compile(r"\((\w+)(?:, [0-9a-f]+)?\)\s*$"),  # at the end
    # hetzner.hcloud.firewall fails while it says that it failed, and loses the answer
    lost=(
        re.compile(r"Value of unknown type: .*FirewallRule"),
        LOST,
    ),
)


class Hetzner:
    """A location (`zone`) of a network zone (`region`) (provider.py)."""

    description = DESCRIPTION
    currency = "EUR"
    price_source = "Hetzner Cloud API, without VAT"
    places_near = False

    def __init__(self, region: str, zone: str) -> None:
        from hcloud import Client  # noqa: PLC0415

        self.region, self.zone = region, zone
        token = os.environ.get("HCLOUD_TOKEN")
        if not token:
            raise PlanError(
                "There is no token for Hetzner here; set HCLOUD_TOKEN to one that can write."
            )
        self._endpoint = os.environ.get("HCLOUD_ENDPOINT", ENDPOINT)
        self._client = Client(token, self._endpoint, timeout=ANSWER_S)
        with answered("its locations"):
            locations = self._client.locations.get_all()
        zones = {str(one.name): str(one.network_zone) for one in locations}
        if zone not in zones:
            raise PlanError(
                f"hetzner has no zone {zone!r}; choose from {', '.join(sorted(zones))}."
            )
        if zones[zone] != region:
            raise PlanError(
                f"The zone {zone} of hetzner is in the region {zones[zone]}, not {region}."
            )

    def account(self) -> str:
        return ""  # a token is of a project, and nothing says of which

    def now(self) -> datetime:
        from requests import head  # noqa: PLC0415

        # its client keeps the heads of answers to itself
        with answered("its clock"):
            answer = head(f"{self._endpoint}/locations", timeout=ANSWER_S)
        return clock(answer.headers.get("Date"), "Hetzner")

    def _offered(self) -> dict[str, BoundServerType]:
        with answered("its server types"):
            types = self._client.server_types.get_all()
        return {
            str(one.name): one
            for one in types
            if any(price["location"] == self.zone for price in one.prices or [])
        }

    def known_types(self) -> list[str]:
        return sorted(self._offered())

    def types(self, names: Iterable[str]) -> dict[str, MachineType]:
        offered = self._offered()
        return {name: self._type(offered[name]) for name in names if name in offered}

    def _type(self, offered: BoundServerType) -> MachineType:
        price = next(one for one in offered.prices or [] if one["location"] == self.zone)
        return MachineType(
            name=str(offered.name),
            cpus=int(offered.cores or 0),
            architecture=ARCHITECTURES[str(offered.architecture)],
            per_hour=float(price["price_hourly"]["net"]),
            shared=offered.cpu_type == "shared",
        )

    def image(self, image: Image, architecture: str) -> Found:
        name = image.name.replace("{architecture}", architecture)
        machine = next(theirs for theirs, ours in ARCHITECTURES.items() if ours == architecture)
        with answered("its images"):
            images = self._client.images.get_all(name=name, architecture=[machine], type=["system"])
        images = [one for one in images if one.status == "available"]
        if not images:
            raise PlanError(f"hetzner has no image {name!r} for {machine}.")
        return Found(str(max(images, key=lambda one: str(one.created)).id))

    def _resources(self, selector: str) -> dict[str, list[dict[str, str]]]:
        """The labels of all that has those labels, each with its id, by kind."""
        client = self._client
        with answered("its resources"):
            found: dict[str, list[Any]] = {
                "server": client.servers.get_all(label_selector=selector),
                "firewall": client.firewalls.get_all(label_selector=selector),
                "network": client.networks.get_all(label_selector=selector),
                "ssh key": client.ssh_keys.get_all(label_selector=selector),
            }
        return {
            kind: [{**(one.labels or {}), "id": str(one.id)} for one in resources]
            for kind, resources in found.items()
        }

    def fleets(self) -> dict[FleetId, float]:
        resources = self._resources(f"{PROJECT_TAG}={PROJECT}")
        return latest(labels for some in resources.values() for labels in some)

    def left(self, fleet: str, owner: str | None = None) -> list[str]:
        tags = owned(fleet, owner)
        resources = self._resources(",".join(f"{key}={value}" for key, value in tags.items()))
        return [f"{kind} {one['id']}" for kind, some in resources.items() for one in some]


@contextmanager
def answered(what: str) -> Iterator[None]:
    """Make a sentence of an error of Hetzner. what: the thing that was asked for."""
    from hcloud import APIException, HCloudException  # noqa: PLC0415
    from requests import RequestException  # noqa: PLC0415

    try:
        yield
    except APIException as error:
        said = sentence_of(f"{error.message} ({error.code})", DESCRIPTION)
        raise PlanError(f"Hetzner does not answer about {what}: {said}.") from error
    except (HCloudException, RequestException) as error:
        if lost := unreachable(str(error)):
            raise PlanError(f"Hetzner's API does not answer: {lost}.") from error
        raise PlanError(f"Hetzner does not answer about {what}: {error}.") from error


CLOUD = Hetzner
