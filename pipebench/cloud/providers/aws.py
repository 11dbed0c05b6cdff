"""Amazon's cloud: types, prices, images, and what is there. Reads only; the role cloud_aws writes.

Credentials and addresses are those that every program of AWS takes: environment, profile, role;
AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_PRICING.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

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

PRICING_REGION = "us-east-1"
"""One of the three that have the price list, which is the same in each."""
ALIVE = ["pending", "running", "shutting-down", "stopping", "stopped"]
MOST_FILTERED = 100
LISTED = {
    # the call, the part of its answer, the id in it
    "key pair": ("describe_key_pairs", "KeyPairs", "KeyName"),
    "placement group": ("describe_placement_groups", "PlacementGroups", "GroupName"),
    "security group": ("describe_security_groups", "SecurityGroups", "GroupId"),
    "subnet": ("describe_subnets", "Subnets", "SubnetId"),
    "route table": ("describe_route_tables", "RouteTables", "RouteTableId"),
    "internet gateway": ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    "VPC": ("describe_vpcs", "Vpcs", "VpcId"),
    "volume": ("describe_volumes", "Volumes", "VolumeId"),
}

HELP = {
    "AuthFailure": "the credentials are not valid; see `aws sts get-caller-identity`",
    "ExpiredToken": "the session has ended; log in again",
    "InvalidClientTokenId": "the credentials are not valid; see `aws sts get-caller-identity`",
    "SignatureDoesNotMatch": "the secret key is not the one of this access key",
    "UnauthorizedOperation": "the account may not do this; docs/cloud.md lists the permissions",
    "AccessDenied": "the account may not do this; docs/cloud.md lists the permissions",
    "AccessDeniedException": "the account may not do this; docs/cloud.md lists the permissions",
    "OptInRequired": "the account is not enabled in this region",
    "VcpuLimitExceeded": "the account's quota of vCPUs is used up; ask for more, or rent fewer",
    "InstanceLimitExceeded": "the account's quota of instances is used up",
    "VpcLimitExceeded": "the account's quota of networks is used up; delete one, or ask for more",
    "InsufficientInstanceCapacity": "the zone has no such machine left; try another zone, or later",
    "Unsupported": "the zone does not have this type; try another zone",
    "InvalidParameterCombination": "the type does not go with what is asked of it",
}
"""What an answer that says no means, by its code."""


ZONE = re.compile(r"(?P<region>[a-z]+(?:-[a-z]+)+-[0-9]+)(?:[a-z]|-[a-z0-9-]+)")
"""A zone, eu-central-1a, or a local one, us-west-2-lax-1a."""


def region_of(zone: str) -> str | None:
    """The region in the name of a zone; None if it is not called as zones are."""
    named = ZONE.fullmatch(zone)
    return named and named["region"]


def plugin_document(fleet: str, region: str) -> dict[str, Any]:
    """What Ansible's plugin reads."""
    return {
        "plugin": "amazon.aws.aws_ec2",
        "regions": [region],
        "filters": {
            f"tag:{PROJECT_TAG}": PROJECT,
            f"tag:{FLEET_TAG}": fleet,
            "instance-state-name": ["running"],
        },
        "hostnames": ["tag:bench-host"],
        "hostvars_prefix": "aws_",
        "use_contrib_script_compatible_sanitization": False,
    }


DESCRIPTION = Description(
    region_of=region_of,
    zones_name_regions=True,
    # Debian 13 of Debian's own account
    image=Image(owner="136693071363", name="debian-13-{architecture}-*", user="admin"),
    images_have_owners=True,
    inventory=FleetInventory(
        ending=".aws_ec2.yml",
        document=plugin_document,
        tags="aws_tags",
        public="aws_public_ip_address",
        private="aws_private_ip_address",
        cloud={
            "type": "aws_instance_type",
            "zone": "aws_placement.availability_zone",
            "instance": "aws_instance_id",
            "image": "aws_image_id",
            "lifecycle": "aws_instance_lifecycle | default('on-demand')",
            "placement": "aws_placement.group_name | default('', true)",
        },
    ),
    help=HELP,
    code=re.compile(r"An error occurred \((\w+)\)"),  # boto3
)


class Aws:
    """A zone of a region (provider.py)."""

    description = DESCRIPTION
    currency = "USD"
    price_source = "AWS price list API, on demand, Linux"
    places_near = True

    def __init__(self, region: str, zone: str) -> None:
        import boto3  # noqa: PLC0415

        self.region, self.zone = region, zone
        with answered("AWS"):
            session = boto3.session.Session(region_name=region)
            self._ec2 = session.client("ec2")
            self._pricing = session.client("pricing", region_name=PRICING_REGION)
            self._sts = session.client("sts")

    def account(self) -> str:
        return str(self._identity()["Account"])

    def now(self) -> datetime:
        return clock(self._identity()["ResponseMetadata"]["HTTPHeaders"].get("date"), "AWS")

    def _identity(self) -> Any:
        """Whose the credentials are. Everybody may ask that."""
        with answered("the account"):
            return self._sts.get_caller_identity()

    def known_types(self) -> list[str]:
        with answered("its instance types"):
            pages = self._ec2.get_paginator("describe_instance_type_offerings").paginate(
                LocationType="availability-zone",
                Filters=[{"Name": "location", "Values": [self.zone]}],
            )
            return sorted(
                one["InstanceType"] for page in pages for one in page["InstanceTypeOfferings"]
            )

    def types(self, names: Iterable[str]) -> dict[str, MachineType]:
        here = set(self.known_types())
        if not here:
            raise PlanError(
                f"The region {self.region} of aws has no zone {self.zone!r}, or it offers nothing "
                f"to this account; a zone is called as {self.region}a."
            )
        wanted = sorted(set(names) & here)
        if not wanted:
            return {}
        with answered("its instance types"):
            pages = self._ec2.get_paginator("describe_instance_types").paginate(
                InstanceTypes=wanted
            )
            described = [one for page in pages for one in page["InstanceTypes"]]
        return {one["InstanceType"]: self._type(one) for one in described}

    def _type(self, described: dict[str, Any]) -> MachineType:
        name = described["InstanceType"]
        cards = described["NetworkInfo"].get("NetworkCards") or [{}]
        arm = "arm64" in described["ProcessorInfo"]["SupportedArchitectures"]
        return MachineType(
            name=name,
            cpus=described["VCpuInfo"]["DefaultVCpus"],
            architecture="arm64" if arm else "amd64",
            per_hour=self._price(name),
            burstable=described["BurstablePerformanceSupported"],
            baseline_gbit=cards[0].get("BaselineBandwidthInGbps"),
            peak_gbit=cards[0].get("PeakBandwidthInGbps"),
        )

    def _price(self, name: str) -> float:
        """USD an hour, on demand."""
        wanted = {
            "instanceType": name, "regionCode": self.region, "operatingSystem": "Linux",
            "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used",
        }  # fmt: skip
        with answered(f"the price of {name}"):
            answer = self._pricing.get_products(
                ServiceCode="AmazonEC2",
                Filters=[
                    {"Type": "TERM_MATCH", "Field": field, "Value": value}
                    for field, value in wanted.items()
                ],
            )
        prices = [
            float(dimension["pricePerUnit"]["USD"])
            for product in map(json.loads, answer["PriceList"])
            for term in product["terms"]["OnDemand"].values()
            for dimension in term["priceDimensions"].values()
        ]
        if not prices or max(prices) <= 0:
            raise PlanError(f"The price list of AWS has no price of {name} in {self.region}.")
        return max(prices)

    def image(self, image: Image, architecture: str) -> Found:
        name = image.name.replace("{architecture}", architecture)
        machine = "x86_64" if architecture == "amd64" else architecture
        wanted = {"name": name, "architecture": machine, "state": "available"}
        with answered("its images"):
            images = self._ec2.describe_images(
                Owners=[image.owner],
                Filters=[{"Name": key, "Values": [value]} for key, value in wanted.items()],
            )["Images"]
        if not images:
            raise PlanError(
                f"The account {image.owner} has no image {name!r} for {machine} in {self.region}."
            )
        newest = max(images, key=lambda one: one["CreationDate"])
        return Found(str(newest["ImageId"]), str(newest["RootDeviceName"]))

    def fleets(self) -> dict[FleetId, float]:
        with answered("its resources"):
            pages = self._ec2.get_paginator("describe_tags").paginate(
                Filters=[
                    {"Name": "key", "Values": [PROJECT_TAG]},
                    {"Name": "value", "Values": [PROJECT]},
                ]
            )
            ours = [one["ResourceId"] for page in pages for one in page["Tags"]]
            tags: dict[str, dict[str, str]] = {}
            for first in range(0, len(ours), MOST_FILTERED):
                some = [{"Name": "resource-id", "Values": ours[first : first + MOST_FILTERED]}]
                for page in self._ec2.get_paginator("describe_tags").paginate(Filters=some):
                    for one in page["Tags"]:
                        tags.setdefault(one["ResourceId"], {})[one["Key"]] = one["Value"]
        # what was deleted keeps its tags for a while
        return {
            fleet: expires for fleet, expires in latest(tags.values()).items() if self.left(*fleet)
        }

    def left(self, fleet: str, owner: str | None = None) -> list[str]:
        ours = owned(fleet, owner)
        tags = [{"Name": f"tag:{key}", "Values": [value]} for key, value in ours.items()]
        with answered("its resources"):
            alive = [*tags, {"Name": "instance-state-name", "Values": ALIVE}]
            pages = self._ec2.get_paginator("describe_instances").paginate(Filters=alive)
            instances = [
                f"instance {instance['InstanceId']}"
                for page in pages
                for reservation in page["Reservations"]
                for instance in reservation["Instances"]
            ]
            others = [
                f"{kind} {one[name]}"
                for kind, (call, part, name) in LISTED.items()
                for one in getattr(self._ec2, call)(Filters=tags)[part]
            ]
        return instances + others


@contextmanager
def answered(what: str) -> Iterator[None]:
    """Make a sentence of an error of AWS. what: the thing that was asked for."""
    from botocore.exceptions import (  # noqa: PLC0415
        BotoCoreError,
        ClientError,
        NoCredentialsError,
    )

    try:
        yield
    except NoCredentialsError as error:
        raise PlanError(
            "There are no credentials for AWS here; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY."
        ) from error
    except (BotoCoreError, ClientError) as error:
        # what happened below it says only beside its message
        lost = unreachable(f"{error} {getattr(error, 'kwargs', {}).get('error', '')}")
        if lost:
            raise PlanError(f"AWS's API does not answer: {lost}.") from error
        raise PlanError(
            f"AWS does not answer about {what}: {sentence_of(str(error), DESCRIPTION)}."
        ) from error


CLOUD = Aws
