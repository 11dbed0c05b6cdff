"""The inventory of a fleet: what asks the provider which hosts there are, whenever Ansible runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from pipebench.cloud.access import login
from pipebench.cloud.fleet import Fleet
from pipebench.cloud.provider import EXPIRES_TAG, FLEET_TAG, PROJECT, PROJECT_TAG
from pipebench.plan.mistakes import PlanError
from pipebench.record.store import write_text

ENDINGS = {"aws": ".aws_ec2.yml", "hetzner": ".hcloud.yml"}
"""By which Ansible's plugins know their files."""
ADDRESSES = {
    ("aws", "public"): "aws_public_ip_address",
    ("aws", "private"): "aws_private_ip_address",
    ("hetzner", "public"): "hcloud_ipv4",
    ("hetzner", "private"): "hcloud_private_ipv4",
}


def keep_inventory(folder: Path, fleet: Fleet, state: Path) -> Path:
    """Write the fleet's file into the folder of an inventory; state: the fleet's own folder.

    Raises PlanError if the inventory has the hosts of another fleet.
    """
    others = [path.name for path in fleets_in(folder) if fleet_of(path) != fleet.name]
    if others:
        raise PlanError(
            f"{folder} has the hosts of another fleet, in {others[0]}: one run would measure both; "
            "destroy that one, or choose another folder with -e cloud_inventory=FOLDER."
        )
    path = folder / f"{fleet.name}{ENDINGS[fleet.provider]}"
    head = (
        f"# The hosts of the fleet {fleet.name}; playbooks/cloud_destroy.yml removes this file.\n"
    )
    write_text(path, head + yaml.safe_dump(inventory(fleet, state), sort_keys=False, width=200))
    return path


def fleets_in(folder: Path) -> list[Path]:
    """The files of fleets in an inventory."""
    return sorted(path for ending in ENDINGS.values() for path in folder.glob(f"*{ending}"))


def fleet_of(path: Path) -> str:
    return path.name.partition(".")[0]


def inventory(fleet: Fleet, state: Path) -> dict[str, Any]:
    """What the provider's inventory plugin reads. Only tags and the provider's words are used."""
    plugins = {"aws": _aws, "hetzner": _hetzner}
    document, tags, cloud = plugins[fleet.provider](fleet)
    address = ADDRESSES[fleet.provider, fleet.address]
    for name in ("baseline", "peak"):
        tag = f"{tags}['bench-{name}-gbit']"
        cloud[f"{name}_gbit"] = f"{tag} | float if {tag} else none"
    price = (
        f"{{'per_hour': {tags}['bench-price'] | float, 'currency': '{fleet.currency}', "
        f"'date': {tags}['bench-price-date'], 'source': '{fleet.price_source}'}}"
    )
    return document | {
        "keyed_groups": [{"key": f"{tags}['bench-role'] + 's'", "separator": "", "prefix": ""}],
        "compose": {
            "ansible_host": address,
            **{name: json.dumps(value) for name, value in login(fleet.user, state).items()},
            "bench_address": ADDRESSES[fleet.provider, "private"],
            "bench_testbed": f"{tags}['bench-testbed']",
            "bench_machine": cloud["type"],
            "bench_price": price,
            "bench_until": f"{tags}['{EXPIRES_TAG}'] | int",
            "bench_cloud": "{"
            + ", ".join(f"'{key}': {value}" for key, value in cloud.items())
            + "}",
        },
        "strict": True,
    }


def _aws(fleet: Fleet) -> tuple[dict[str, Any], str, dict[str, str]]:
    document = {
        "plugin": "amazon.aws.aws_ec2",
        "regions": [fleet.region],
        "filters": {
            f"tag:{PROJECT_TAG}": PROJECT,
            f"tag:{FLEET_TAG}": fleet.name,
            "instance-state-name": ["running"],
        },
        "hostnames": ["tag:bench-host"],
        "hostvars_prefix": "aws_",
        "use_contrib_script_compatible_sanitization": False,
    }
    cloud = {
        "provider": "'aws'",
        "type": "aws_instance_type",
        "region": repr(fleet.region),
        "zone": "aws_placement.availability_zone",
        "instance": "aws_instance_id",
        "image": "aws_image_id",
        "lifecycle": "aws_instance_lifecycle | default('on-demand')",
        "placement": "aws_placement.group_name | default('', true)",
    }
    return document, "aws_tags", cloud


def _hetzner(fleet: Fleet) -> tuple[dict[str, Any], str, dict[str, str]]:
    document = {
        "plugin": "hetzner.hcloud.hcloud",
        "label_selector": f"{PROJECT_TAG}={PROJECT},{FLEET_TAG}={fleet.name}",
        "status": ["running"],
        "network": f"bench-{fleet.name}",
        "hostname": "{{ hcloud_labels['bench-host'] }}",
    }
    cloud = {
        "provider": "'hetzner'",
        "type": "hcloud_server_type",
        "region": repr(fleet.region),
        "zone": "hcloud_location",
        "instance": "hcloud_id | string",
        "image": "hcloud_image_name | default('', true)",
        "lifecycle": "'on-demand'",
        "placement": "''",
    }
    return document, "hcloud_labels", cloud
