"""A stand-in for AWS on loopback: moto's server, with what it lacks for the hosts of a fleet.

`python -m tests.cloud.aws_standin PORT [MACHINES]`; with AWS_ENDPOINT_URL=http://127.0.0.1:PORT
every program of AWS takes it for AWS. Besides moto it has placement groups, the price list, images
of Debian and of a stranger, and failures: GET /_fail?call=RunInstances&code=OptInRequired&after=1
lets every such call but the first fail; GET /_fail ends that. GET /_calls lists the calls so far.
GET /_clock?ahead=-60 lets its clock be a minute behind this computer's.
MACHINES: addresses of the lab's machines (machines.py), which are given out and booted.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

DEBIAN, STRANGER = "136693071363", "999999999999"
IMAGES = [
    ("ami-0old", DEBIAN, "debian-13-amd64-20250814-2204", "2025-08-14", "x86_64"),
    ("ami-0new", DEBIAN, "debian-13-amd64-20261101-2600", "2026-11-01", "x86_64"),
    ("ami-0arm", DEBIAN, "debian-13-arm64-20261101-2600", "2026-11-01", "arm64"),
    ("ami-0backports", DEBIAN, "debian-13-backports-amd64-20261105-2600", "2026-11-05", "x86_64"),
    ("ami-0stranger", STRANGER, "debian-13-amd64-20991101-1", "2026-11-09", "x86_64"),
]
PRICES = {
    "c7i.large": 0.1018, "c7i.xlarge": 0.2037, "c7a.large": 0.1171, "c7a.xlarge": 0.2343,
    "c7g.large": 0.0832, "t3.micro": 0.012,
}  # fmt: skip


def images_file() -> Path:
    """What moto is to know of images."""
    rest = {
        "state": "available", "public": True, "virtualization_type": "hvm", "hypervisor": "xen",
        "root_device_type": "ebs", "root_device_name": "/dev/xvda", "sriov": "simple",
        "image_type": "machine", "platform": None,
    }  # fmt: skip
    images = [
        rest | {
            "ami_id": image, "owner_id": owner, "name": name, "description": name,
            "creation_date": f"{day}T00:00:00.000Z", "architecture": architecture,
            "image_location": f"{owner}/{name}",
        }
        for image, owner, name, day, architecture in IMAGES
    ]  # fmt: skip
    path = Path(mkdtemp()) / "amis.json"
    path.write_text(json.dumps(images))
    return path


os.environ["MOTO_AMIS_PATH"] = str(images_file())  # read when moto is imported

import flask  # noqa: E402
from moto import server  # noqa: E402
from moto.core.responses import ActionResult, BaseResponse  # noqa: E402
from moto.core.utils import camelcase_to_underscores  # noqa: E402
from moto.ec2.exceptions import EC2ClientError  # noqa: E402
from moto.ec2.responses import EC2Response  # noqa: E402

from tests.cloud.clock import add_clock  # noqa: E402
from tests.cloud.machines import Machines  # noqa: E402

GROUPS: dict[str, dict[str, Any]] = {}
"""Placement groups by name."""
FAILURE: dict[str, Any] = {}
CALLS: list[str] = []


def known_group(name: str) -> dict[str, Any]:
    if name not in GROUPS:
        raise EC2ClientError(
            "InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown."
        )
    return GROUPS[name]


def create_placement_group(self: Any) -> ActionResult:
    name = self._get_param("GroupName")
    if name in GROUPS:
        raise EC2ClientError("InvalidPlacementGroup.Duplicate", f"'{name}' already exists.")
    tags = self._parse_tag_specification("placement-group").get("placement-group", {})
    GROUPS[name] = {
        "GroupName": name, "State": "available", "Strategy": self._get_param("Strategy"),
        "GroupId": f"pg-{uuid4().hex[:17]}", "GroupArn": f"arn:aws:ec2:::placement-group/{name}",
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }  # fmt: skip
    return ActionResult({"PlacementGroup": GROUPS[name]})


def describe_placement_groups(self: Any) -> ActionResult:
    names = self._get_param("GroupNames", [])
    found = [known_group(name) for name in names] if names else list(GROUPS.values())
    for key, values in self._filters_from_querystring().items():
        if key.startswith("tag:"):
            found = [
                group
                for group in found
                if any(tag["Key"] == key[4:] and tag["Value"] in values for tag in group["Tags"])
            ]
        elif key == "group-name":
            found = [group for group in found if group["GroupName"] in values]
    return ActionResult({"PlacementGroups": found})


def delete_placement_group(self: Any) -> ActionResult:
    name = self._get_param("GroupName")
    known_group(name)
    instances = [
        instance
        for reservation in self.ec2_backend.reservations.values()
        for instance in reservation.instances
    ]
    if any(one.placement.group_name == name and one.state != "terminated" for one in instances):
        raise EC2ClientError("InvalidPlacementGroup.InUse", f"The group {name} is in use.")
    del GROUPS[name]
    return ActionResult({})


def with_places(run_instances: Callable[[Any], Any], machines: Machines) -> Callable[[Any], Any]:
    """moto's own, which ignores the placement group, and gives no addresses of the lab."""

    def run(self: Any) -> Any:
        name = self._get_param("Placement.GroupName")
        if name:
            known_group(name)
        answer = run_instances(self)
        for instance in answer.result.instances:
            instance.placement.group_name = name
            tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
            key = self.ec2_backend.describe_key_pairs([instance.key_name])[0]
            address = machines.boot(
                instance.id,
                tags["bench-role"],
                text_of(key.material_public),
                text_of(instance.user_data),
            )
            if address:
                instance.nics[0].private_ip_address = address
                for one in instance.nics[0].private_ip_addresses:
                    one["PrivateIpAddress"] = address
        return answer

    return run


def text_of(value: Any) -> str:
    """What moto keeps as bytes, in base64 or plain."""
    return str(value.decode())


def with_ends(terminate: Callable[[Any], Any], machines: Machines) -> Callable[[Any], Any]:
    def run(self: Any) -> Any:
        for instance in self._get_param("InstanceIds", []):
            machines.end(instance)
        return terminate(self)

    return run


def with_failures(call_action: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call(self: Any) -> Any:
        action = self._get_action()
        CALLS.append(action)
        if action == FAILURE.get("call"):
            FAILURE["after"] -= 1
            if FAILURE["after"] < 0:
                code = FAILURE["code"]

                def fail() -> None:
                    raise EC2ClientError(code, f"{action} fails, as it was told to.")

                setattr(self, camelcase_to_underscores(action), fail)
        return call_action(self)

    return call


def price_list() -> dict[str, Any]:
    """What GetProducts of the price list answers about one type."""
    filters = flask.request.get_json(force=True)["Filters"]
    wanted = {one["Field"]: one["Value"] for one in filters}
    price = PRICES.get(wanted["instanceType"])
    dimensions = {"rate": {"pricePerUnit": {"USD": f"{price:.10f}"}}} if price else {}
    product = {"terms": {"OnDemand": {"term": {"priceDimensions": dimensions}}}}
    return {"FormatVersion": "aws_v1", "PriceList": [json.dumps(product)] if price else []}


def with_control(create: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Each of moto's applications, with the addresses by which a test governs it."""

    def made(service: Any) -> Any:
        application: flask.Flask = create(service or "ec2")  # moto does not know the price list

        @application.route("/_fail")
        def _fail() -> dict[str, Any]:
            FAILURE.clear()
            words = flask.request.args
            if words:
                FAILURE.update(
                    call=words["call"], code=words["code"], after=int(words.get("after", 0))
                )
            return FAILURE

        @application.route("/_calls")
        def _calls() -> list[str]:
            return CALLS

        add_clock(application)

        @application.before_request
        def _prices() -> dict[str, Any] | None:
            target = flask.request.headers.get("X-Amz-Target", "")
            return price_list() if target.endswith(".GetProducts") else None

        return application

    return made


def main(port: str, machines_file: str | None = None) -> None:
    machines = Machines(machines_file)
    for function in (create_placement_group, describe_placement_groups, delete_placement_group):
        setattr(EC2Response, function.__name__, function)
    owners: list[tuple[Any, str, Callable[[Any], Any]]] = [
        (EC2Response, "run_instances", partial(with_places, machines=machines)),
        (EC2Response, "terminate_instances", partial(with_ends, machines=machines)),
        (BaseResponse, "call_action", with_failures),
        (server, "create_backend_app", with_control),
    ]
    for owner, name, around in owners:
        setattr(owner, name, around(getattr(owner, name)))
    server.main(["-H", "127.0.0.1", "-p", port])


if __name__ == "__main__":
    main(*sys.argv[1:])
