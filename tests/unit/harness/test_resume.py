"""A run that goes on: what is complete is not measured again, and what changed is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from pipebench.harness.complete import left_text
from pipebench.harness.lifetime import note
from pipebench.harness.phases import measure, path, probe
from pipebench.plan.mistakes import PlanError
from pipebench.plan.project import ROOT, Project
from pipebench.plan.resume import host_changes, plan_resumed
from pipebench.plan.run_plan import RunPlan
from pipebench.plan.testbeds import Inventory
from tests.progress import checked
from tests.unit.harness.answers import LOAD, hosts, on_testbed, run_of

INVENTORY = Inventory(["s"], ["g"], {"s": {"ansible_host": "198.18.0.11"}, "g": {}})
PROJECT = Project(ROOT, "0", None, dirty=True, command=["ansible-playbook", "bench.yml"])
GONE = {"unreachable": True, "msg": "no route"}
FOUR = {"bench_rounds": 4}
"""Four measurements: one cell in four rounds."""


def resumed(folder: Path, **given: Any) -> RunPlan:
    return plan_resumed({"bench_resume": str(folder)} | given, INVENTORY, PROJECT)


def refusal(folder: Path, **given: Any) -> str:
    with pytest.raises(PlanError) as refused:
        resumed(folder, **given)
    return str(refused.value)


def raw(folder: Path) -> list[Path]:
    return sorted((folder / "raw").iterdir())


def loads(on: Any) -> int:
    """How many loads a generator was asked for."""
    return sum(call.program == "generator.load" for call in on.generators[0].asked)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of four measurements, all complete."""
    run = run_of(tmp_path, **FOUR)
    note(run, "started", "2.19")
    note(run, "measuring_started", "2.19")
    measure(on_testbed(run, hosts(), []))
    return tmp_path


def record(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return document


def go_on(run: RunPlan, **answers: Any) -> tuple[Any, list[str]]:
    """The rest of the run: what hosts were asked, and what was said."""
    on, said = hosts(**answers), []
    said.append(note(run, "started", "2.19"))
    measure(on_testbed(run, on, said))
    note(run, "measuring_ended", "2.19")
    note(run, "ended", "2.19")
    return on, said


def test_only_what_has_no_complete_record_is_measured(folder: Path) -> None:
    first, second, third, fourth = raw(folder)
    before = first.read_bytes(), fourth.read_bytes()
    second.unlink()
    third.write_bytes(third.read_bytes()[:-40])  # cut short, as by a full disk
    run = resumed(folder)
    assert left_text(run) == "Run r goes on: 2 of 4 measurements are complete, 2 are left"
    on, said = go_on(run)
    assert loads(on) == 2
    assert (first.read_bytes(), fourth.read_bytes()) == before
    assert raw(folder) == [first, second, third, fourth]
    assert (folder / "replaced" / "raw" / third.name).exists()
    assert "2 of 4 measurements are complete" in said[0]
    assert [line[:13] for line in said[1:]] == ["[2/4] round 2", "[3/4] round 3"]
    assert said[-1].endswith("0:03 left)")


def test_run_json_and_the_events_say_when_it_went_on(folder: Path) -> None:
    raw(folder)[3].unlink()
    begun = record(folder)
    go_on(resumed(folder))
    whole = record(folder)
    (interruption,) = whole["interruptions"]
    assert (interruption["measured"], interruption["changes"]) == (3, [])
    assert begun["started"] < interruption["at"] < interruption["resumed"] < whole["ended"]
    for same in ("started", "measuring_started", "rounds", "variables", "frameworks"):
        assert whole[same] == begun[same]
    events = checked(folder / "progress.jsonl")
    (event,) = (one for one in events if one["event"] == "run_resumed")
    assert (event["measured"], event["count"]) == ({"main": 3}, 4)


def test_a_fault_of_the_harness_is_made_good(tmp_path: Path) -> None:
    run = run_of(tmp_path, **FOUR)
    note(run, "started", "2.19")
    measure(on_testbed(run, hosts(load=[LOAD, GONE, LOAD]), []))
    note(run, "ended", "2.19")
    assert len(record(tmp_path)["harness_faults"]) == 1
    on, _ = go_on(resumed(tmp_path))
    assert loads(on) == 1
    assert record(tmp_path)["harness_faults"] == []


def test_a_fault_that_comes_again_is_one_fault(tmp_path: Path) -> None:
    run = run_of(tmp_path, **FOUR)
    note(run, "started", "2.19")
    measure(on_testbed(run, hosts(load=[LOAD, GONE, LOAD]), []))
    go_on(resumed(tmp_path), load=GONE)
    assert len(record(tmp_path)["harness_faults"]) == 1


def test_a_testbed_that_was_given_up_is_tried_again(tmp_path: Path) -> None:
    run = run_of(tmp_path, bench_rounds=8)
    note(run, "started", "2.19")
    on_gone = on_testbed(run, hosts(load=GONE), [])
    on_gone.recovery.pauses_s = [0]
    measure(on_gone)
    note(run, "ended", "2.19")
    assert record(tmp_path)["given_up"].keys() == {"main"}
    on, _ = go_on(resumed(tmp_path))
    assert loads(on) == 8
    assert (record(tmp_path)["given_up"], record(tmp_path)["harness_faults"]) == ({}, [])


def test_a_complete_run_goes_on_with_more_rounds_only(folder: Path) -> None:
    with pytest.raises(PlanError, match="All 4 measurements of the run r are complete"):
        left_text(resumed(folder))
    assert "must be as many, or more" in refusal(folder, bench_rounds=1)
    run = resumed(folder, bench_rounds="10")
    assert run.rounds[:4] == run_of(folder, **FOUR).rounds
    on, _ = go_on(run)
    assert loads(on) == 6
    assert record(folder)["variables"]["bench_rounds"] == len(record(folder)["rounds"]) == 10
    assert len(raw(folder)) == 10


def test_probes_and_path_that_are_recorded_are_not_asked_again(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    note(run, "started", "2.19")
    on = hosts()
    on.server.answers |= {"host.path started": {"ready": True}, "host.path stopped": {}}
    on.generators[0].answers["host.path measured"] = GONE
    for phase in (path, probe):
        phase(on_testbed(run, on, []))
    run = resumed(tmp_path)
    asked = len(on.server.asked)
    probe(on_testbed(run, on, []))
    assert len(on.server.asked) == asked
    path(on_testbed(run, on, []))  # it could not be measured
    assert len(on.server.asked) == asked + 2


def test_the_plan_of_the_run_may_be_given_again_and_no_other(folder: Path) -> None:
    assert resumed(folder, bench_depths="5", bench_threads="auto", bench_frameworks="aiohttp")
    said = refusal(folder, bench_depths="1,5,16", bench_duration=9)
    assert "bench_depths is '1,5,16', and [5] in the run" in said
    assert "bench_duration is 9, and 5 in the run" in said
    assert "bench_dept is not a variable" in refusal(folder, bench_dept=1)


@pytest.mark.parametrize("name", ["no-such-run", "/"])
def test_what_is_not_a_run_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PlanError, match="must be the folder of a run"):
        plan_resumed({"bench_resume": name}, INVENTORY, PROJECT)
    (tmp_path / "run.json").write_text('{"schema_version": 2')
    assert "cannot be used: it is truncated" in refusal(tmp_path)


def test_a_run_is_found_by_its_name_in_the_results(folder: Path) -> None:
    given = {"bench_results_dir": str(folder.parent), "bench_resume": folder.name}
    assert plan_resumed(given, INVENTORY, PROJECT).results_dir == str(folder)


CHANGES = {
    "frameworks": ("aiohttp", "The files of aiohttp in "),
    "programs": (None, "The programs that run on the hosts (files/) are not what they were."),
}


@pytest.mark.parametrize("part", CHANGES)
def test_changed_files_are_refused_unless_they_are_accepted(folder: Path, part: str) -> None:
    name, sentence = CHANGES[part]
    document = record(folder)
    if name:
        document[part][name]["digest"] = "0" * 64
    else:
        document[part] = "0" * 64
    (folder / "run.json").write_text(json.dumps(document))
    said = refusal(folder)
    assert sentence in said
    assert "add -e bench_accept_changes=true" in said
    assert "bench_accept_changes is 'maybe'" in refusal(folder, bench_accept_changes="maybe")
    raw(folder)[0].unlink()
    run = resumed(folder, bench_accept_changes="true")
    go_on(run)
    (interruption,) = record(folder)["interruptions"]
    assert interruption["changes"][0].startswith(sentence)


def test_another_address_is_a_change_and_another_testbed_a_mistake(folder: Path) -> None:
    elsewhere = INVENTORY._replace(hostvars={"s": {"ansible_host": "198.18.0.12"}, "g": {}})
    with pytest.raises(PlanError, match="address of the testbed main was "):
        plan_resumed({"bench_resume": str(folder)}, elsewhere, PROJECT)
    other = {name: one | {"bench_testbed": "b"} for name, one in INVENTORY.hostvars.items()}
    with pytest.raises(PlanError, match="has the testbed b, and the run does not"):
        plan_resumed({"bench_resume": str(folder)}, INVENTORY._replace(hostvars=other), PROJECT)


BEFORE = {"boot_id": "1", "kernel": "6.1", "cpu": {"model": "A", "threads": 2}, "hostname": "s"}


def test_what_changed_on_a_host_is_named(folder: Path) -> None:
    (folder / "hosts").mkdir()
    (folder / "hosts" / "s.json").write_text(json.dumps(BEFORE))
    run = resumed(folder)
    assert host_changes(run, {"s": BEFORE, "g": BEFORE}) == []
    assert host_changes(run, {"s": BEFORE | {"frameworks": {"aiohttp": None}}}) == []
    now = BEFORE | {"boot_id": "2", "kernel": "6.2", "cpu": {"model": "B", "threads": 2}}
    assert host_changes(run, {"s": now}) == [
        "s was booted again.",
        "s: kernel was 6.1 and is 6.2.",
        "s: cpu.model was A and is B.",
    ]
    assert run.resumption
    with pytest.raises(PlanError, match="booted again"):
        run.resumption.with_changes(["s was booted again."])
    accepting = structs.replace(run.resumption, accepts_changes=True)
    assert accepting.with_changes(["x"]).changes == ["x"]
