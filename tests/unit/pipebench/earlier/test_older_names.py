"""Runs from before variants: their frameworks have other names now, and nothing of them is lost."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipebench.earlier.complete import left_text
from pipebench.earlier.repeat import plan_repeated
from pipebench.earlier.resume import plan_resumed
from pipebench.harness.pending import Turns
from pipebench.harness.phases import measure, probe
from pipebench.harness.run_json import note
from pipebench.plan.digest import digest_of
from pipebench.plan.errors import PlanError
from pipebench.plan.project import ROOT, Project
from pipebench.plan.run_plan import RunPlan, plan_run
from pipebench.plan.testbeds import Inventory
from pipebench.record.factors import Cell
from pipebench.record.names import current_name
from pipebench.record.store import BETWEEN, execution_file
from pipebench.run.judge import judge_run
from tests.unit.pipebench.harness.answers import hosts, on_testbed
from tests.unit.pipebench.runs import edit, golden, rename_frameworks

INVENTORY = Inventory(["s"], ["g"], {"s": {"ansible_host": "198.18.0.11"}, "g": {}})
COMMAND = ["ansible-playbook", "bench.yml"]
HERE = Project(ROOT, "0", None, dirty=True, command=COMMAND)
ACCEPTED = {"bench_accept_changes": "files,programs"}
OLDER = {
    "aiohttp": "aiohttp",
    "aiohttp@2017": "aiohttp-2017",
    "granian": "granian-rsgi",
    "granian@asgi": "granian-asgi",
    "ceiling": "ceiling",
    "aiohttp@2017-again": "aiohttp-2017-again",
}
"""What each framework of today was called."""
NEWER_FIELDS = ("folder", "variant", "files", "env", "loop", "overrides")
PLAIN = "title: {0}\nstack: current\nlanguage: Python\nruntime: python\n{1}"
CEILING = "role: ceiling\n"
VARIANT = 'variants:\n  "{0}":\n    env: {{MODE: "{0}"}}\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with few frameworks, two of which have a variant."""
    root = tmp_path / "project"
    for part in ("files", "plans"):
        shutil.copytree(ROOT / part, root / part, symlinks=True)
    declared = {
        "aiohttp": VARIANT.format("2017"), "granian": VARIANT.format("asgi"), "ceiling": CEILING,
    }  # fmt: skip
    for name, more in declared.items():
        folder(root / "servers" / name, more)
    return Project(root, "0", None, dirty=True, command=COMMAND)


def folder(path: Path, more: str = "") -> None:
    """The folder of a framework. more: of its framework.yml."""
    path.mkdir(parents=True)
    (path / "framework.yml").write_text(PLAIN.format(path.name, more))
    (path / "server.py").write_text("")
    (path / "requirements.txt").write_text("")


@pytest.fixture
def older(project: Project) -> Path:
    """A run of two rounds, half of it measured, as it was recorded before variants."""
    given = {
        "bench_frameworks": "aiohttp,aiohttp@*,granian,granian@asgi",
        "bench_framework_dirs": "servers",
        "bench_reference": "aiohttp@2017",
        "bench_rounds": 2,
        "bench_check_answers": False,
        "bench_run_id": "older",
    }
    run = plan_run(given, INVENTORY, project)
    note(run, "started", "2.19")
    note(run, "measuring_started", "2.19")
    on = on_testbed(run, hosts(), [])
    probe(on)
    measure(on)
    results = Path(run.results_dir)
    as_older(results)
    for file in results.glob("raw/main-r02-*"):
        file.unlink()
    (results / "probe" / "main-granian-asgi-w1.json").unlink()
    return results


def as_older(results: Path) -> None:
    """Give a run the names of then, and take from it what was not recorded then."""
    rename_frameworks(results, OLDER)
    for file in [*results.glob("raw/*"), *results.glob("probe/*")]:
        file.rename(file.with_name(file.name.replace(BETWEEN, "-")))
    edit(
        results / "run.json",
        frameworks={
            name: {key: value for key, value in one.items() if key not in NEWER_FIELDS}
            | {"digest": "0" * 64}
            for name, one in document_of(results)["frameworks"].items()
        },
    )


def document_of(results: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((results / "run.json").read_text())
    return document


def resumed(project: Project, results: Path, **given: Any) -> RunPlan:
    given = {"bench_resume": str(results), "bench_framework_dirs": "servers"} | ACCEPTED | given
    return plan_resumed(given, INVENTORY, project)


def test_the_plan_of_an_older_run_keeps_its_names(project: Project, older: Path) -> None:
    before = document_of(older)
    run = resumed(project, older)
    assert list(run.frameworks) == list(before["frameworks"]) == list(OLDER.values())
    assert run.variables.frameworks == before["variables"]["bench_frameworks"]
    assert run.variables.reference == "aiohttp-2017"
    assert run.frameworks["aiohttp-2017-again"].control_of == "aiohttp-2017"
    assert [[cell.framework for cell in cells] for cells in run.rounds] == [
        [cell["framework"] for cell in cells] for cells in before["rounds"]
    ]
    # what is deployed under these names is what they are now
    servers = project.root / "servers"
    assert {name: (one.path, one.variant, one.env) for name, one in run.frameworks.items()} == {
        "aiohttp": (str(servers / "aiohttp"), "", {}),
        "aiohttp-2017": (str(servers / "aiohttp"), "2017", {"MODE": "2017"}),
        "granian-rsgi": (str(servers / "granian"), "", {}),
        "granian-asgi": (str(servers / "granian"), "asgi", {"MODE": "asgi"}),
        "ceiling": (str(servers / "ceiling"), "", {}),
        "aiohttp-2017-again": (str(servers / "aiohttp"), "2017-again", {"MODE": "2017"}),
    }
    assert RunPlan.from_fact(run.to_fact()) == run


def test_what_is_missing_in_an_older_run_is_measured_under_its_names(
    project: Project, older: Path
) -> None:
    before = document_of(older)
    old = {file.name: file.read_bytes() for file in older.glob("raw/*")}
    run = resumed(project, older)
    assert left_text(run) == "Run older goes on: 6 of 12 measurements are complete, 6 are left"
    on, said = hosts(), list[str]()
    note(run, "started", "2.19")
    probe(on_testbed(run, on, said))
    measure(on_testbed(run, on, said))
    note(run, "ended", "2.19")
    started = [call.order for call in on.server.asked if call.program == "server.unit"]
    units = Counter(order["name"] for order in started if order["state"] == "started")
    assert units == Counter([*OLDER.values(), "granian-asgi"])
    new = {file.name: file.read_bytes() for file in older.glob("raw/*")}
    assert new.items() > old.items()
    names = [cell["framework"] for cell in before["rounds"][1]]
    cell: dict[str, Any] = {"testbed": "main", "workers": 1, "depth": 5, "connections": 200}
    assert sorted(f"raw/{file}" for file in new.keys() - old.keys()) == [
        execution_file("raw", Cell(framework=name, **cell), 2, position)
        for position, name in enumerate(names, start=1)
    ]
    assert len(list(older.glob("probe/*"))) == 4
    after = document_of(older)
    assert after["rounds"] == before["rounds"]
    assert list(after["frameworks"]) == list(before["frameworks"])
    for name, described in before["frameworks"].items():
        assert after["frameworks"][name].items() >= described.items()
    for variable in ("bench_frameworks", "bench_reference"):
        assert after["variables"][variable] == before["variables"][variable]
    measured = judge_run(older).by_cell
    rounds = {cell.framework: len(measurements) for cell, measurements in measured.items()}
    assert rounds == dict.fromkeys(OLDER.values(), 2)


def test_more_rounds_of_an_older_run_are_those_of_its_seed(project: Project, older: Path) -> None:
    run = resumed(project, older, bench_rounds=4)
    again = plan_run(
        {
            "bench_frameworks": "aiohttp,aiohttp@2017,granian,granian@asgi",
            "bench_framework_dirs": "servers",
            "bench_reference": "aiohttp@2017",
            "bench_rounds": 4,
            "bench_check_answers": False,
            "bench_order_seed": run.variables.order_seed,
        },
        INVENTORY,
        project,
    )
    assert [[cell.framework for cell in cells] for cells in run.rounds] == [
        [OLDER[cell.framework] for cell in cells] for cells in again.rounds
    ]


@pytest.mark.parametrize(
    "given",
    [
        "aiohttp,aiohttp@2017,granian,granian@asgi",
        ["aiohttp", "aiohttp@*", "granian", "granian@*"],
        "aiohttp,aiohttp-2017,granian-rsgi,granian-asgi",
    ],
)
def test_the_plan_may_name_them_as_today_or_as_then(
    project: Project, older: Path, given: str | list[str]
) -> None:
    assert resumed(project, older, bench_frameworks=given).variables.frameworks == [
        "aiohttp", "aiohttp-2017", "granian-rsgi", "granian-asgi",
    ]  # fmt: skip
    assert resumed(project, older, bench_reference="aiohttp@2017")


@pytest.mark.parametrize("given", ["aiohttp,granian", "aiohttp,aiohttp@*,granian", "aiohttp@*"])
def test_other_frameworks_than_those_of_the_run_are_refused(
    project: Project, older: Path, given: str
) -> None:
    with pytest.raises(PlanError, match="a run goes on with its own plan, so leave it out"):
        resumed(project, older, bench_frameworks=given)
    with pytest.raises(PlanError, match="bench_reference is 'granian', and 'aiohttp-2017' in"):
        resumed(project, older, bench_reference="granian")


def test_a_digest_of_then_says_only_that_nothing_changed(project: Project, older: Path) -> None:
    servers = project.root / "servers"
    edit(older / "run.json", frameworks__ceiling__digest=digest_of(servers / "ceiling"))
    with pytest.raises(PlanError) as refused:
        resumed(project, older, bench_accept_changes="true,programs")
    *said, advice = refused.value.sentences
    assert said == [
        f"The files of {name} may have changed: their digest in the run cannot be compared with "
        f"{servers / path}, because an older version made it. [files]"
        for name, path in (
            ("aiohttp", "aiohttp"),
            ("aiohttp-2017", "aiohttp"),
            ("granian-rsgi", "granian"),
            ("granian-asgi", "granian"),
        )
    ]
    assert "add -e bench_accept_changes=true,files,programs. " in advice


def repeated(project: Project, results: Path, inventory: Inventory, **given: Any) -> RunPlan:
    given = {"bench_like": str(results), "bench_run_id": "repeated"} | given
    return plan_repeated(given, inventory, project)


def test_an_older_run_is_measured_again_under_the_names_of_today(
    project: Project, older: Path
) -> None:
    before = document_of(older)
    run = repeated(project, older, INVENTORY, bench_framework_dirs="servers", **ACCEPTED)
    assert list(run.frameworks) == list(OLDER)
    assert run.variables.frameworks == ["aiohttp", "aiohttp@2017", "granian", "granian@asgi"]
    assert run.variables.reference == "aiohttp@2017"
    assert [[OLDER[cell.framework] for cell in cells] for cells in run.rounds] == [
        [cell["framework"] for cell in cells] for cells in before["rounds"]
    ]
    assert run.like
    assert not [one for one in run.like.changes if "is not measured" in one]


LAB = Inventory(
    ["lab-server"],
    ["lab-loadgen"],
    {"lab-server": {"ansible_host": "198.18.0.11"}, "lab-loadgen": {}},
)


FOLDERS = {"calibrate": {"bench_framework_dirs": "tests/calibration"}}


@pytest.mark.parametrize("name", ["2017", "example", "crosscheck", "calibrate"])
def test_every_framework_of_a_golden_run_is_measured_again(name: str, tmp_path: Path) -> None:
    results = golden(name, tmp_path / name)
    before = document_of(results)
    place = {"bench_results_dir": str(tmp_path)} | FOLDERS.get(name, {})
    run = repeated(HERE, results, LAB, **place)
    assert run.like
    assert run.like.changes == []
    assert [[cell.framework for cell in cells] for cells in run.rounds] == [
        [current_name(cell["framework"]) for cell in cells] for cells in before["rounds"]
    ]
    assert list(run.frameworks) == list(map(current_name, before["frameworks"]))


@pytest.mark.parametrize("name", ["2017", "example", "crosscheck", "calibrate"])
def test_half_of_a_golden_run_goes_on(name: str, tmp_path: Path) -> None:
    results = golden(name, tmp_path / name)
    before = document_of(results)
    files = sorted(results.glob("raw/*"))
    half = files[len(files) // 2 :]
    for file in half:
        file.unlink()
    edit(results / "run.json", schema_version=2)
    given = {"bench_resume": str(results)} | FOLDERS.get(name, {}) | ACCEPTED
    run = plan_resumed(given, LAB, HERE)
    assert list(run.frameworks) == list(before["frameworks"])
    assert [[cell.framework for cell in cells] for cells in run.rounds] == [
        [cell["framework"] for cell in cells] for cells in before["rounds"]
    ]
    turns = Turns(run, "main", 0)
    due = [
        f"main-r{number:02}-{position:03}-{cell.framework}-w1-d5-c{cell.connections}.json"
        for number, cells in enumerate(run.rounds, start=1)
        for position, cell in enumerate(cells, start=1)
        if turns.is_due("raw", "wrk", number, cell)
    ]
    assert due == [file.name for file in half]
    assert turns.count == len(half)
