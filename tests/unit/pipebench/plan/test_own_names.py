"""The project's own names: of a checkout, and those that it is published with."""

import subprocess
from pathlib import Path

from pipebench.plan.own_names import PUBLISHED, OwnNames, own_names
from pipebench.plan.run_plan import DEFAULTS

ROOT = Path(__file__).parents[4]


def test_what_is_published_is_what_the_repository_has() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "inventory", "plans"], cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    parts = [Path(file).parts[:2] for file in listed.stdout.splitlines()]
    listed_names = OwnNames(
        inventories=frozenset("/".join(two) for two in parts if two[0] == "inventory"),
        plans=frozenset("/".join(two) for two in parts if two[0] == "plans"),
        frameworks=own_names(ROOT).frameworks,
    )
    assert listed_names == PUBLISHED


def test_a_checkout_has_what_its_owner_adds(tmp_path: Path) -> None:
    (tmp_path / "bench.yml").touch()
    (tmp_path / "inventory" / "rack").mkdir(parents=True)
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "mine.yml").write_text("bench_framework_dirs: [mine]\n")
    assert own_names(tmp_path) == OwnNames(
        inventories=frozenset({"inventory/rack"}),
        plans=frozenset({"plans/mine.yml"}),
        frameworks=frozenset({"mine"}),
    )


def test_without_a_checkout_the_names_are_those_published(tmp_path: Path) -> None:
    assert own_names(tmp_path) is PUBLISHED


def test_the_default_plan_is_where_people_look_for_it() -> None:
    assert (ROOT / "plans" / "seed.yml").samefile(DEFAULTS)
