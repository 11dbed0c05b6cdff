"""A run that measures another one again: the same plan, or a refusal that names what is not."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipebench.earlier.locks import version_changes
from pipebench.earlier.repeat import architecture_text, plan_repeated, repeated_text
from pipebench.harness.run_json import note
from pipebench.plan.earlier_run import accepted_names, path_from, places_of
from pipebench.plan.errors import PlanError
from pipebench.plan.frameworks import read_framework
from pipebench.plan.project import ROOT, Project
from pipebench.plan.run_plan import RunPlan, plan_run
from pipebench.plan.testbeds import Inventory
from pipebench.plan.variables import ExtendedRounds
from pipebench.record.names import current_name
from tests.unit.pipebench.runs import EXAMPLE, edit

INVENTORY = Inventory(["s"], ["g"], {"s": {"ansible_host": "198.18.0.11"}, "g": {}})
PARTS = ("files", "plans", "servers", "fasthttp")
ACCEPTED = {"bench_accept_changes": "true,packages"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A copy of all that a plan is made of, without links, to change it."""
    root = tmp_path / "project"
    for part in PARTS:
        shutil.copytree(ROOT / part, root / part)
    return Project(root, "0", None, dirty=True, command=["ansible-playbook", "bench.yml"])


@pytest.fixture
def example(project: Project) -> Path:
    """The run that the repository shows, without its measurements: an older one, with no digest."""
    folder = project.root / "results" / "example"
    shutil.copytree(EXAMPLE / "hosts", folder / "hosts")
    shutil.copy(EXAMPLE / "run.json", folder)
    return folder


@pytest.fixture
def recorded(project: Project) -> Path:
    """A run of today, with digests; nothing is measured yet."""
    given = {"bench_frameworks": "aiohttp,fasthttp", "bench_run_id": "recorded", "bench_rounds": 2}
    run = plan_run(given, INVENTORY, project)
    note(run, "started", "2.19")
    folder = Path(run.results_dir)
    (folder / "hosts").mkdir()
    shutil.copy(EXAMPLE / "hosts" / "lab-server.json", folder / "hosts" / "s.json")
    return folder


def repeated(project: Project, folder: Path, **given: Any) -> RunPlan:
    return plan_repeated({"bench_like": str(folder)} | given, INVENTORY, project)


def refusal(project: Project, folder: Path, **given: Any) -> str:
    with pytest.raises(PlanError) as refused:
        repeated(project, folder, **given)
    return str(refused.value)


def change(path: Path, old: str, new: str) -> None:
    """Exactly one place in a file."""
    text = path.read_text()
    assert len(re.findall(old, text)) == 1
    path.write_text(re.sub(old, new, text))


def test_plan_order_and_frameworks_are_those_of_the_record(project: Project, example: Path) -> None:
    record = json.loads((example / "run.json").read_text())
    run = repeated(project, example)
    rounds = [[current_name(cell["framework"]) for cell in cells] for cells in record["rounds"]]
    assert rounds == [[cell.framework for cell in cells] for cells in run.rounds]
    assert list(run.frameworks) == list(map(current_name, record["frameworks"]))
    used, before = run.to_fact()["variables"], record["variables"]
    same = before.keys() & used.keys() - {"bench_run_id", "bench_results_dir"}
    assert {name: used[name] for name in same} == {name: before[name] for name in same}
    assert len(same) > 15
    assert run.run_id != "example"
    assert Path(run.results_dir).parent == example.parent
    assert RunPlan.from_fact(run.to_fact()) == run
    assert run.like
    assert (run.like.run_id, run.like.folder) == ("example", str(example))
    assert "measures again what the run example measured: 48 measurements" in repeated_text(run)
    assert "The run example has no digests of its files" in repeated_text(run)


def test_a_run_with_digests_needs_no_doubt(project: Project, recorded: Path) -> None:
    run = repeated(project, recorded)
    assert run.like
    assert (run.like.unknown, run.like.changes) == ([], [])
    assert repeated_text(run).count("\n") == 0


def test_only_what_belongs_to_the_place_may_be_another(project: Project, example: Path) -> None:
    place = {"bench_run_id": "new", "bench_port": 9000, "bench_results_dir": "elsewhere"}
    run = repeated(project, example, bench_threads="auto", bench_depths="5", **place)
    assert run.results_dir == str(project.root / "elsewhere" / "new")
    assert (run.testbeds[0].port, run.variables.threads) == (9000, 10)
    said = refusal(project, example, bench_depths="1,5", bench_rounds=12)
    assert "bench_depths is '1,5', and [5] in the run; bench_like measures the plan" in said
    assert "bench_rounds is 12, and 6 in the run" in said
    assert "bench_dept is not a variable" in refusal(project, example, bench_dept=1)
    assert "example exists already" in refusal(project, example, bench_run_id="example")


def newer_lock(root: Path) -> None:
    change(root / "servers/aiohttp/requirements.txt", "aiohttp==3.14.5", "aiohttp==3.99.0")


def package_gone(root: Path) -> None:
    change(root / "servers/sanic/requirements.txt", r"ujson==\S+", r"orjson==1.0")


def newer_module(root: Path) -> None:
    change(root / "fasthttp/go.mod", "fasthttp v1.77.0", "fasthttp v1.99.0")


def folder_gone(root: Path) -> None:
    shutil.rmtree(root / "servers" / "japronto")


CHANGES: dict[str, Callable[[Path], None]] = {
    "aiohttp: the run had aiohttp 3.14.5, and requirements.txt here has 3.99.0.": newer_lock,
    "sanic: the run had ujson 6.1.0, and requirements.txt here does not have it.": package_gone,
    "fasthttp: the run had github.com/valyala/fasthttp v1.77.0, and go.mod here has v1.99.0.": (
        newer_module
    ),
    "The run has the framework japronto, which is not in servers and fasthttp: it is not "
    "measured.": folder_gone,
}


@pytest.mark.parametrize("sentence", CHANGES)
def test_a_version_that_is_gone_is_refused_by_name(
    project: Project, example: Path, sentence: str
) -> None:
    CHANGES[sentence](project.root)
    said, advice = refusal(project, example).splitlines()
    name = "frameworks" if sentence.startswith("The run") else "packages"
    assert said == f"{sentence} [{name}]"
    assert f"add -e bench_accept_changes={name}. " in advice
    # one accepted name accepts nothing else
    other = {"packages": "true", "frameworks": "packages,tuning"}[name]
    assert f"{sentence} [{name}]" in refusal(project, example, bench_accept_changes=other)


def test_all_that_is_not_the_same_is_said_at_once(project: Project, example: Path) -> None:
    for make in CHANGES.values():
        make(project.root)
    said = refusal(project, example, bench_duration=1).splitlines()
    assert set(CHANGES) < {line.rpartition(" [")[0] for line in said}
    assert any("add -e bench_accept_changes=frameworks,packages. " in line for line in said)
    assert any(line.startswith("bench_duration is 1, and 5 in the run") for line in said)


def test_what_is_accepted_is_recorded_and_the_rest_is_measured(
    project: Project, example: Path
) -> None:
    for make in CHANGES.values():
        make(project.root)
    run = repeated(project, example, **ACCEPTED)
    assert {len(cells) for cells in run.rounds} == {7}
    assert "japronto" not in {*run.frameworks, *run.variables.frameworks}
    note(run, "started", "2.19")
    kept = json.loads(Path(run.results_dir, "run.json").read_text())["like"]
    assert (kept["run_id"], kept["path"], set(kept["changes"])) == (
        "example",
        "example",
        {*CHANGES},
    )
    assert repeated_text(run).count("Accepted: ") == len(CHANGES)


def test_a_run_without_its_reference_has_no_control(project: Project, example: Path) -> None:
    shutil.rmtree(project.root / "servers" / "uvloop-httptools")
    assert "framework uvloop-httptools-again, which" in refusal(project, example)
    run = repeated(project, example, **ACCEPTED)
    assert {cell.framework for cell in run.rounds[0]} == set(run.frameworks)
    assert not any(framework.is_again for framework in run.frameworks.values())
    for name in ("aiohttp", "tornado", "sanic", "japronto"):
        shutil.rmtree(project.root / "servers" / name)
    shutil.rmtree(project.root / "fasthttp")
    (project.root / "fasthttp").mkdir()
    assert "None of the run's frameworks (" in refusal(project, example, **ACCEPTED)


def test_other_files_are_refused_and_versions_named_before_them(
    project: Project, recorded: Path
) -> None:
    (project.root / "servers/aiohttp/server.py").write_text("")
    (project.root / "files/pipeline.lua").write_text("")
    said = refusal(project, recorded).splitlines()
    assert said[0].startswith("The files of aiohttp in ")
    assert said[1].startswith("The programs that run on the hosts (files/) are not")
    assert len(said) == 3
    newer_lock(project.root)
    assert refusal(project, recorded).startswith("aiohttp: the run had aiohttp 3.14.5")


def test_the_code_is_that_of_the_folders_here(project: Project, recorded: Path) -> None:
    """A folder of whoever made the record has a digest that fits."""
    theirs = recorded / "servers" / "aiohttp"
    shutil.copytree(project.root / "servers" / "aiohttp", theirs)
    change(theirs / "framework.yml", "runtime: python", "runtime: python\npackages: [sshd]")
    (theirs / "server.py").write_text("raise SystemExit\n")
    document = json.loads((recorded / "run.json").read_text())
    document["variables"]["bench_framework_dirs"] = ["results/recorded/servers", "fasthttp"]
    document["frameworks"]["aiohttp"] |= {
        "digest": read_framework(theirs).digest,
        "packages": ["sshd"],
    }
    (recorded / "run.json").write_text(json.dumps(document))
    said, advice = refusal(project, recorded, bench_accept_changes="true").splitlines()
    assert said == "aiohttp: its packages of Debian were sshd, and are none here. [builds]"
    assert "add -e bench_accept_changes=true,builds. The report will name" in advice
    run = repeated(project, recorded, bench_accept_changes="builds")
    assert run.frameworks["aiohttp"].path == str(project.root / "servers" / "aiohttp")
    assert run.frameworks["aiohttp"].packages == []
    assert run.variables.framework_dirs == ["servers", "fasthttp"]
    # typed here, it is what is measured
    run = repeated(project, recorded, bench_framework_dirs="results/recorded/servers,fasthttp")
    assert run.frameworks["aiohttp"].path == str(theirs)


SETS_HOSTS: dict[str, tuple[str, Any, str]] = {
    "tuning": ("bench_tuning", ["governor", "turbo"], "governor, turbo"),
    "pauses": ("bench_tuning_pauses", True, "yes"),
    "interrupts": ("bench_interrupt_cpus", 2, "2"),
}


@pytest.mark.parametrize("name", SETS_HOSTS)
def test_what_hosts_are_set_to_is_typed_or_accepted_by_its_name(
    project: Project, recorded: Path, name: str
) -> None:
    variable, value, said = SETS_HOSTS[name]
    edit(recorded / "run.json", **{f"variables__{variable}": value})
    for accepted in ({}, ACCEPTED, {"bench_accept_changes": "files"}):
        first, advice = refusal(project, recorded, **accepted).splitlines()
        assert first == (
            f"The run has {variable} {said}, which sets the hosts, and was not given here. [{name}]"
        )
        names = re.search(r"add -e bench_accept_changes=(\S+)\. ", advice)
        assert names
        assert name in names[1].split(",")
        # as it says
        run = repeated(project, recorded, bench_accept_changes=names[1])
        assert getattr(run.variables, variable.removeprefix("bench_")) == value
        assert run.like
        assert run.like.changes == [first.removesuffix(f" [{name}]")]
    # typed here, it is what the person at this terminal wants, the same or not
    run = repeated(project, recorded, **{variable: value})
    assert run.like
    assert (run.like.changes, run.to_fact()["variables"][variable]) == ([], value)
    usual = {"bench_tuning": "none", "bench_tuning_pauses": "false", "bench_interrupt_cpus": "0"}
    run = repeated(project, recorded, **{variable: usual[variable]})
    assert run.to_fact()["variables"][variable] in (["none"], False, 0)


@pytest.mark.parametrize(
    "given", ["true", "true, tuning,packages", ["packages", "hosts"], True, ""]
)
def test_changes_are_accepted_by_names_that_are_offered(given: Any) -> None:
    names = accepted_names({"bench_accept_changes": given})
    text = str(given).lower()
    assert ("tuning" in names, "files" in names) == ("tuning" in text, False)
    assert ("hosts" in names) == ("true" in text or "hosts" in text)


@pytest.mark.parametrize("given", ["tunning", "true,all", "code", ["hosts", 5], {"tuning": True}])
def test_another_name_is_refused(given: Any) -> None:
    with pytest.raises(PlanError) as refused:
        accepted_names({"bench_accept_changes": given})
    said = str(refused.value)
    assert said.startswith("bench_accept_changes has ")
    assert said.endswith(
        "; it must be true, false, or some of builds, files, frameworks, hosts, interrupts, "
        "packages, pauses, programs, testbeds, tuning, variables."
    )


def test_words_of_a_record_are_only_text(project: Project, recorded: Path) -> None:
    document = json.loads((recorded / "run.json").read_text())
    document["frameworks"]["x\x1b[2J\nAccepted: all"] = document["frameworks"]["aiohttp"]
    document["testbeds"] += [{"name": "b\x1b]0;x\x07"}]
    (recorded / "run.json").write_text(json.dumps(document))
    said = refusal(project, recorded)
    assert "framework x Accepted: all, which" in said
    assert "\x1b" not in said
    assert len(said.splitlines()) == 3


def test_packages_of_debian_are_in_no_lock() -> None:
    nginx = read_framework(ROOT / "servers" / "nginx")
    assert version_changes("nginx", {"nginx": "1.0-1"}, nginx) == []


def test_a_variable_of_a_later_version_is_a_change(project: Project, recorded: Path) -> None:
    edit(recorded / "run.json", variables__bench_warp=9)
    assert "The run has bench_warp, which this version" in refusal(project, recorded)


def test_rounds_that_precision_may_end_stay_so(project: Project) -> None:
    rounds = {"min": 6, "max": 8, "until_relative_width": 0.05}
    run = plan_run({"bench_run_id": "more", "bench_rounds": rounds}, INVENTORY, project)
    note(run, "started", "2.19")
    again = repeated(project, Path(run.results_dir))
    assert isinstance(again.variables.rounds, ExtendedRounds)
    assert again.rounds == run.rounds
    assert len(again.rounds) == 8


def test_without_measurements_nothing_is_measured_again(project: Project, recorded: Path) -> None:
    given = {"bench_like": str(recorded)}
    # as with --tags provision
    assert plan_repeated(given, INVENTORY, project, measures=False).rounds == []
    edit(recorded / "run.json", rounds=[])
    assert "has no measurements in its schedule" in refusal(project, recorded)
    assert "is not a run: it has no run.json" in refusal(project, recorded / "hosts")
    both = refusal(project, recorded, bench_resume="recorded")
    assert "leave one of them out" in both


def test_testbeds_are_those_of_the_inventory(project: Project, recorded: Path) -> None:
    def on(**names: str) -> RunPlan:
        variables = {
            host: {"ansible_host": f"198.18.0.{number}", "bench_testbed": name}
            for number, (host, name) in enumerate(names.items(), start=11)
        }
        servers = [host for host in names if host.startswith("s")]
        generators = [host for host in names if host.startswith("g")]
        inventory = Inventory(servers, generators, variables)
        return plan_repeated({"bench_like": str(recorded)}, inventory, project)

    # one testbed in each: its name does not matter
    assert on(s="other", g="other").testbeds[0].name == "other"
    edit(recorded / "run.json", variables__bench_base_testbed="main")
    assert on(s="other", g="other").variables.base_testbed is None
    assert [one.name for one in on(s="main", g="main", s2="b", g2="b").testbeds] == ["main", "b"]
    with pytest.raises(PlanError, match="has the testbed main, which is not in the inventory"):
        on(s="a", g="a", s2="b", g2="b")
    said = refusal(project, recorded, bench_base_testbed="nobody")
    assert "bench_base_testbed is 'nobody', and no host" in said


def test_another_architecture_is_said(project: Project, example: Path) -> None:
    run = repeated(project, example)
    assert architecture_text(run, {"s": "x86_64", "g": "x86_64"}) == ""
    assert architecture_text(run, {"s": "aarch64", "g": "x86_64"}) == (
        "The servers of the run example were x86_64, and these are aarch64: their programs are "
        "other binaries."
    )
    assert architecture_text(run, {"s": "aarch64", "g": "aarch64"}).count("\n") == 1
    assert architecture_text(plan_run({}, INVENTORY, project), {}) == ""


def test_the_earlier_run_is_found_where_both_were_moved(tmp_path: Path) -> None:
    results = tmp_path / "results"
    assert path_from(results / "a", results) == "a"
    assert path_from(EXAMPLE, results) == "results/example"
    assert path_from(tmp_path / "b", results) == str(tmp_path / "b")
    moved = tmp_path / "moved"
    assert places_of("a", moved)[0] == moved / "a"
    assert EXAMPLE in places_of("results/example", moved)
    assert tmp_path / "b" in places_of(str(tmp_path / "b"), moved)
