"""The project's own names: of its inventories, its plans, and its folders of frameworks.

A checkout has what its folders have. An installed package, which has no such folders beside it, has
what the project was published with.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from pipebench.plan.project import ROOT


class OwnNames(NamedTuple):
    """inventories, plans: as one types them, from the project's folder. frameworks: folders."""

    inventories: frozenset[str]
    plans: frozenset[str]
    frameworks: frozenset[str]


PUBLISHED = OwnNames(
    inventories=frozenset(
        {"inventory/cloud", "inventory/google", "inventory/lab", "inventory/metal"}
    ),
    plans=frozenset(
        {
            "plans/2017.yml", "plans/aa.yml", "plans/calibrate.yml",
            "plans/calibrate_answers.yml", "plans/calibrate_connections.yml",
            "plans/crosscheck.yml", "plans/depths.yml",
            "plans/field.yml", "plans/instances.yml", "plans/quick.yml", "plans/seed.yml",
            "plans/sweep.yml",
        }
    ),
    frameworks=frozenset({"fasthttp", "servers", "tests/calibration"}),
)  # fmt: skip
"""A test compares them with the folders."""


@cache
def own_names(root: Path = ROOT) -> OwnNames:
    """Of the checkout in `root`, or those that the project was published with."""
    if not (root / "bench.yml").is_file():
        return PUBLISHED
    plans = sorted((root / "plans").iterdir())
    written = [yaml.safe_load(plan.read_text("utf-8")) for plan in plans if plan.suffix == ".yml"]
    return OwnNames(
        inventories=frozenset(f"inventory/{one.name}" for one in (root / "inventory").iterdir()),
        plans=frozenset(f"plans/{one.name}" for one in plans),
        frameworks=frozenset(
            name for plan in written for name in plan.get("bench_framework_dirs", [])
        ),
    )
