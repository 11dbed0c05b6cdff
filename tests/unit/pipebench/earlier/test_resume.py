"""A run that goes on: what is complete is not measured again, and what changed is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from action import host_record
from msgspec import structs

from pipebench.earlier.complete import left_text
from pipebench.earlier.resume import host_changes, plan_resumed
from pipebench.harness.phases import measure, path, probe
from pipebench.harness.run_json import note
from pipebench.plan.earlier_run import Change
from pipebench.plan.errors import PlanError
from pipebench.plan.frameworks import read_framework
from pipebench.plan.project import ROOT, Project
from pipebench.plan.run_plan import RunPlan
from pipebench.plan.testbeds import Inventory
from pipebench.record import assemble
from pipebench.record.store import write_bytes
from pipebench.run.judge import judge_run
from tests.progress import checked
from tests.unit.pipebench.harness.answers import LOAD, hosts, on_testbed, run_of

INVENTORY = Inventory(["s"], ["g"], {"s": {"ansible_host": "198.18.0.11"}, "g": {}})
PROJECT = Project(ROOT, "0", None, dirty=True, command=["ansible-playbook", "bench.yml"])
GONE = {"unreachable": True, "msg": "no route"}
FOUR: dict[str, Any] = {"bench_rounds": 4}
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
    on, said = hosts(**answers), list[str]()
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


def with_old_names(folder: Path) -> None:
    """What stands between the parts of a record's name in runs of before: a -."""
    for file in (*folder.glob("raw/*"), *folder.glob("probe/*")):
        file.rename(file.with_name(file.name.replace("_", "-")))


def test_records_are_complete_whatever_the_names_of_their_files(folder: Path) -> None:
    with_old_names(folder)
    first, second, third, fourth = raw(folder)
    assert first.name == "main-r01-001-aiohttp-w1-d5-c200.json.gz"
    second.unlink()
    third.write_bytes(third.read_bytes()[:-40])
    run = resumed(folder)
    assert left_text(run) == "Run r goes on: 2 of 4 measurements are complete, 2 are left"
    on, _ = go_on(run)
    assert loads(on) == 2
    judged = judge_run(folder)
    assert [one.measurement.round for one in judged.measurements] == [1, 2, 3, 4]
    assert (judged.invalid, judged.missing) == ([], [])
    assert {first, fourth} < set(raw(folder))


def test_a_probe_is_recorded_whatever_the_name_of_its_file(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    note(run, "started", "2.19")
    on = hosts()
    probe(on_testbed(run, on, []))
    with_old_names(tmp_path)
    asked = len(on.server.asked)
    probe(on_testbed(resumed(tmp_path), on, []))
    assert len(on.server.asked) == asked
    assert [file.name for file in tmp_path.glob("probe/*")] == ["main-aiohttp-w1.json"]


def test_the_plan_of_the_run_may_be_given_again_and_no_other(folder: Path) -> None:
    assert resumed(folder, bench_depths="5", bench_threads="auto", bench_frameworks="aiohttp")
    said = refusal(folder, bench_depths="1,5,16", bench_duration=9)
    assert "bench_depths is '1,5,16', and [5] in the run" in said
    assert "bench_duration is 9, and 5 in the run" in said
    assert "bench_dept is not a variable" in refusal(folder, bench_dept=1)


@pytest.mark.parametrize("name", ["no-such-run", "/"])
def test_what_is_not_a_run_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PlanError, match="is not a run: it has no"):
        plan_resumed({"bench_resume": name}, INVENTORY, PROJECT)
    (tmp_path / "run.json").write_text('{"schema_version": 2')
    assert "cannot be used: it is truncated" in refusal(tmp_path)


def test_a_run_does_not_go_on_through_links(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "crosscheck").symlink_to(tmp_path / "elsewhere")
    assert "has links in place of files (crosscheck); remove them." in refusal(folder)


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
    # of a run that is complete, there is nothing to accept
    assert refusal(folder).startswith("All 4 measurements of the run r are complete.")
    raw(folder)[0].unlink()
    said = refusal(folder)
    assert sentence in said
    accepted = "files" if name else "programs"
    assert f"add -e bench_accept_changes={accepted}. " in said
    assert "bench_accept_changes has 'maybe'; it" in refusal(folder, bench_accept_changes="maybe")
    # other code is accepted by its name only
    assert sentence in refusal(folder, bench_accept_changes="true")
    run = resumed(folder, bench_accept_changes=accepted)
    go_on(run)
    (interruption,) = record(folder)["interruptions"]
    assert interruption["changes"][0].startswith(sentence)


def test_another_address_is_a_change_and_another_testbed_a_mistake(folder: Path) -> None:
    raw(folder)[0].unlink()
    elsewhere = INVENTORY._replace(hostvars={"s": {"ansible_host": "198.18.0.12"}, "g": {}})
    with pytest.raises(PlanError, match="address of the testbed main was "):
        plan_resumed({"bench_resume": str(folder)}, elsewhere, PROJECT)
    other = {name: {**one, "bench_testbed": "b"} for name, one in INVENTORY.hostvars.items()}
    with pytest.raises(PlanError, match="has the testbed b, and the run does not"):
        plan_resumed({"bench_resume": str(folder)}, INVENTORY._replace(hostvars=other), PROJECT)


BEFORE = {"boot_id": "1", "kernel": "6.1", "cpu": {"model": "A", "threads": 2}, "hostname": "s"}


def changed(run: RunPlan, now: dict[str, Any]) -> list[str]:
    """What changed on the host s, in sentences."""
    return [change.text for change in host_changes(run, {"s": now})]


def test_what_changed_on_a_host_is_named(folder: Path) -> None:
    write_bytes(folder / "hosts" / "s.json", json.dumps(BEFORE).encode())
    run = resumed(folder)
    assert changed(run, BEFORE) == []
    # of another run, which had this host since
    assert changed(run, BEFORE | {"frameworks": {"aiohttp": None, "tornado": {}}}) == []
    now = BEFORE | {"boot_id": "2", "kernel": "6.2", "cpu": {"model": "B", "threads": 2}}
    assert changed(run, now) == [
        "s was booted again.",
        "s: kernel was 6.1 and is 6.2.",
        "s: cpu.model was A and is B.",
    ]
    assert run.resumption
    booted = Change("hosts", "s was booted again.")
    with pytest.raises(PlanError, match=r"booted again. \[hosts\]\n.*bench_accept_changes=hosts"):
        run.resumption.with_changes([booted])
    accepting = structs.replace(run.resumption, accepts=["hosts"])
    assert accepting.with_changes([booted]).changes == ["s was booted again."]


PROGRAM = {"path": "/usr/bin/h2load", "version": "h2load nghttp2/1.52.0", "sha256": "00"}
NGINX = {"nginx": {"runtime": "nginx 1.26.3", "packages": {"nginx": "1.26.3-3"}}}
NEWER_NGINX = {"nginx": {"runtime": "nginx 1.28.0", "packages": {"nginx": "1.28.0-1"}}}


def test_other_programs_and_packages_of_debian_are_changes(folder: Path) -> None:
    before = BEFORE | {"run_id": "r", "h2load": PROGRAM, "frameworks": NGINX}
    write_bytes(folder / "hosts" / "s.json", json.dumps(before).encode())
    run = resumed(folder)
    assert changed(run, before) == []
    assert changed(run, before | {"h2load": PROGRAM | {"sha256": "01"}}) == [
        "s: h2load.sha256 was 00 and is 01."
    ]
    iperf3 = PROGRAM | {"path": "/usr/bin/iperf3"}
    assert "s: iperf3.path was unknown and is /usr/bin/iperf3." in changed(
        run, before | {"iperf3": iperf3}
    )
    assert changed(run, before | {"frameworks": NEWER_NGINX}) == [
        "s: frameworks.nginx.runtime was nginx 1.26.3 and is nginx 1.28.0.",
        "s: frameworks.nginx.packages.nginx was 1.26.3-3 and is 1.28.0-1.",
    ]
    # an older run did not record these programs
    del before["run_id"], before["h2load"]
    write_bytes(folder / "hosts" / "s.json", json.dumps(before).encode())
    assert changed(run, before | {"h2load": PROGRAM}) == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (json.dumps(BEFORE)[:40], "hosts/s.json cannot be used: it is truncated after 40 bytes."),
        ("[]", "hosts/s.json cannot be used: "),
        (json.dumps(BEFORE | {"run_id": "other"}), "hosts/s.json is of another run, other."),
        (None, "the run has no hosts/s.json."),
    ],
)
def test_a_host_that_cannot_be_compared_is_a_change(
    folder: Path, content: str | None, why: str
) -> None:
    file = folder / "hosts" / "s.json"
    if content is not None:
        write_bytes(file, content.encode())
    run = resumed(folder)
    (said,) = changed(run, BEFORE)
    assert said.startswith("Whether s is as it was when the run began is not known: ")
    assert why in said
    # accepted: what the host is now is kept, and what was there before is not lost
    host_record.keep(run.to_fact(), "s", assemble.fingerprint(BEFORE | {"run_id": "r"}))
    assert changed(run, BEFORE) == []
    aside = folder / "replaced" / "hosts" / "s.json"
    assert aside.exists() is (content is not None)
    host_record.keep(run.to_fact(), "s", assemble.fingerprint(BEFORE | {"kernel": "7"}))
    assert changed(run, BEFORE) == []


def test_what_is_replaced_again_is_kept_beside_the_first(folder: Path) -> None:
    first = raw(folder)[0]
    whole = first.read_bytes()
    for cut in (whole[:-40], whole[:-50], whole[:-60]):
        first.write_bytes(cut)
        go_on(resumed(folder))
    kept = sorted((folder / "replaced" / "raw").iterdir())
    name = first.name.removesuffix(".json.gz")
    assert [one.name for one in kept] == [
        f"{name}-2.json.gz", f"{name}-3.json.gz", f"{name}.json.gz",
    ]  # fmt: skip
    assert {len(one.read_bytes()) - len(whole) for one in kept} == {-40, -50, -60}


def test_folders_of_code_are_never_taken_from_a_record(folder: Path, tmp_path: Path) -> None:
    raw(folder)[0].unlink()
    theirs = tmp_path / "theirs" / "aiohttp"
    shutil.copytree(ROOT / "servers" / "aiohttp", theirs)
    (theirs / "server.py").write_text("raise SystemExit\n")
    document = record(folder)
    document["variables"]["bench_framework_dirs"] = [str(theirs)]
    document["frameworks"]["aiohttp"]["digest"] = read_framework(theirs).digest
    (folder / "run.json").write_text(json.dumps(document))
    assert "The files of aiohttp in " in refusal(folder, bench_accept_changes="true")
    run = resumed(folder, bench_accept_changes="files")
    assert run.frameworks["aiohttp"].path == str(ROOT / "servers" / "aiohttp")
    # typed here, it is what is measured
    run = resumed(folder, bench_framework_dirs=str(theirs))
    assert run.frameworks["aiohttp"].path == str(theirs)
    document["variables"]["bench_frameworks"] = ["mine"]
    (folder / "run.json").write_text(json.dumps(document))
    assert "name all folders: -e bench_framework_dirs=FOLDER,FOLDER." in refusal(folder)


def test_a_schedule_is_that_of_its_variables(folder: Path) -> None:
    document = record(folder)
    document["rounds"][0][0]["workers"] = 4000
    (folder / "run.json").write_text(json.dumps(document))
    assert "has 4000 workers, depth 5 and 200 connections together" in refusal(folder)
    document["rounds"][0][0] |= {"workers": 1, "framework": "../x"}
    (folder / "run.json").write_text(json.dumps(document))
    assert "has the framework ../x, and its plan does not" in refusal(folder)


def test_rounds_that_are_measured_are_never_left_out(tmp_path: Path) -> None:
    """Whether rounds are enough is asked again when a run goes on, with more of them."""
    narrow = {"min": 6, "max": 12, "until_relative_width": 0.99}
    run = run_of(tmp_path, bench_rounds=9)
    note(run, "started", "2.19")
    measure(on_testbed(run, hosts(), []))
    document = record(tmp_path)
    document["variables"]["bench_rounds"] = narrow
    document["rounds"] = [*document["rounds"], *document["rounds"][:3]]
    (tmp_path / "run.json").write_text(json.dumps(document))
    on, _ = hosts(), note(goes_on := resumed(tmp_path), "started", "2.19")
    taken = measure(on_testbed(goes_on, on, []))
    assert (loads(on), taken["rounds"]) == (0, 9)
