"""The inventory of a fleet: what asks the provider which hosts there are, whenever Ansible runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from pipebench.cloud.access import login
from pipebench.cloud.fleet import Fleet
from pipebench.cloud.provider import EXPIRES_TAG
from pipebench.cloud.providers import NAMES, description_of
from pipebench.plan.errors import PlanError
from pipebench.record.store import write_text


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
    path = folder / f"{fleet.name}{description_of(fleet.provider).inventory.ending}"
    head = (
        f"# The hosts of the fleet {fleet.name}; playbooks/cloud_destroy.yml removes this file.\n"
    )
    write_text(path, head + yaml.safe_dump(inventory(fleet, state), sort_keys=False, width=200))
    return path


def fleets_in(folder: Path) -> list[Path]:
    """The files of fleets in an inventory."""
    endings = {description_of(name).inventory.ending for name in NAMES}
    return sorted(path for ending in endings for path in folder.glob(f"*{ending}"))


def fleet_of(path: Path) -> str:
    return path.name.partition(".")[0]


def inventory(fleet: Fleet, state: Path) -> dict[str, Any]:
    """What the provider's inventory plugin reads. Only tags and the provider's words are used."""
    theirs = description_of(fleet.provider).inventory
    tags = theirs.tags
    cloud = {"provider": repr(fleet.provider), "region": repr(fleet.region), **theirs.cloud}
    for name in ("baseline", "peak"):
        tag = f"{tags}['bench-{name}-gbit']"
        cloud[f"{name}_gbit"] = f"{tag} | float if {tag} else none"
    price = (
        f"{{'per_hour': {tags}['bench-price'] | float, 'currency': '{fleet.currency}', "
        f"'date': {tags}['bench-price-date'], 'source': '{fleet.price_source}'}}"
    )
    return {
        **theirs.document(fleet.name, fleet.region),
        "keyed_groups": [{"key": f"{tags}['bench-role'] + 's'", "separator": "", "prefix": ""}],
        "compose": {
            "ansible_host": theirs.private if fleet.address == "private" else theirs.public,
            **{name: json.dumps(value) for name, value in login(fleet.user, state).items()},
            "bench_address": theirs.private,
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
