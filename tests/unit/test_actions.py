"""What the controller writes down: the raw record of a measurement, and the run's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from action import (
    collect,
    controller_file,
    crosscheck_rate,
    crosscheck_record,
    measurement_record,
    run_record,
)

from pipebench.plan.project import ROOT, Project
from pipebench.plan.run_plan import plan_run
from pipebench.plan.testbeds import Inventory
from tests.progress import checked

CELL = {"framework": "aiohttp", "workers": 1, "depth": 5, "connections": 200}
TESTBED = {
    "name": "main", "server": "s", "generators": ["g"], "address": "198.18.0.11", "port": 8080,
    "threads": 10,
}  # fmt: skip
RESULT = {"requests": 1000, "duration_us": 500_000}
WRK = {"argv": ["wrk"], "exit_status": 0, "result": json.dumps(RESULT)}
STARTED = {"unit": "u", "ready": True, "ready_error": None, "started_pid": 7, "started_at": 1.5}
SAMPLES = {"t": [1.5, 1.6], "unit_cpu_us": [1, 2]}
LOAD = {
    "cpus": 2,
    "samples": json.dumps(SAMPLES),
    "ready_error": None,
    "warmup": None,
    "measured": WRK,
}
STOPPED = {
    "unit": "u",
    "state": {"ActiveState": "active"},
    "samples": json.dumps(SAMPLES),
    "journal": None,
}


PLAN = {
    "bench_frameworks": "aiohttp",
    "bench_framework_dirs": "servers/aiohttp",
    "bench_controls": False,
    "bench_rounds": 2,
}


def run_of(folder: Path) -> dict[str, Any]:
    """A plan as the actions are given it."""
    inventory = Inventory(["s"], ["g"], {"s": {"ansible_host": "198.18.0.11"}, "g": {}})
    project = Project(ROOT, "0", None, dirty=True, command=["ansible-playbook", "bench.yml"])
    plan = plan_run(PLAN, inventory, project).to_fact()
    assert plan["testbeds"] == [TESTBED]
    assert plan["rounds"] == [[CELL], [CELL]]
    return plan | {"run_id": "r", "results_dir": str(folder)}


def act(plugin: Any, **arguments: Any) -> dict[str, Any]:
    """Run an action as Ansible does, with what it needs of a task and nothing else."""
    task = SimpleNamespace(args=arguments, async_val=0, check_mode=False, diff=False)
    nothing = SimpleNamespace()
    action = plugin.ActionModule(task, nothing, nothing, nothing, nothing, nothing)
    action._connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))  # noqa: SLF001
    return action.run(task_vars={})


def record(folder: Path, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the action returns and the one record that it wrote."""
    arguments: dict[str, Any] = {
        "run": run_of(folder),
        "testbed": TESTBED,
        "round": 2,
        "position": 1,
        "cell": CELL,
        "unavailable": {},
        "first_begun": "0",
        "started": STARTED,
        "load": LOAD,
        "stopped": STOPPED,
    }
    answer = act(measurement_record, **arguments | changes)
    (written,) = (folder / "raw").iterdir()
    assert written.name == "main-r02-001-aiohttp-w1-d5-c200.json"
    return answer, json.loads(written.read_text())


def test_a_measurement_is_recorded_whole(tmp_path: Path) -> None:
    answer, written = record(tmp_path)
    assert written["harness_fault"] is None
    assert written["deployment"] == {"available": True}
    assert written["started"] == "1970-01-01T00:00:01.500000Z"
    assert written["server"] == {"host": "s"} | {
        key: value
        for key, value in (STARTED | STOPPED | {"samples": SAMPLES}).items()
        if key != "started_at"
    }
    measured = WRK | {"result": RESULT}
    assert written["generators"] == [
        {"host": "g"} | LOAD | {"samples": SAMPLES, "measured": measured}
    ]
    assert "[2/2] round 2" in answer["progress"]
    assert "2,000 req/s" in answer["progress"]
    assert "0:03 left" in answer["progress"]  # the report
    (line,) = checked(tmp_path / "progress.jsonl")
    assert (line["number"], line["count"], line["requests_per_s"]) == (2, 2, 2000.0)
    assert line["record"] == "raw/main-r02-001-aiohttp-w1-d5-c200.json"


def test_what_could_not_be_deployed_is_recorded_with_its_reason(tmp_path: Path) -> None:
    skipped = {"skipped": True, "changed": False}
    answer, written = record(
        tmp_path,
        unavailable={"reason": "no CPython 3.7", "log": "tried"},
        started=skipped,
        load=skipped,
        stopped=skipped,
    )
    assert written["deployment"] == {
        "available": False, "reason": "no CPython 3.7", "log": "tried",
    }  # fmt: skip
    assert written["server"] is None
    assert "unavailable, no CPython 3.7" in answer["progress"]
    assert not answer["passing"]


def test_a_server_that_never_answered_is_no_fault_of_the_harness(tmp_path: Path) -> None:
    started = STARTED | {"ready": False, "ready_error": "ended before it answered"}
    answer, written = record(tmp_path, started=started, load={"skipped": True})
    assert written["harness_fault"] is None
    assert written["generators"] == []
    assert "ended before it answered" in answer["progress"]


@pytest.mark.parametrize(
    ("key", "result", "sentence"),
    [
        ("load", {"unreachable": True, "msg": "no route"}, "wrk on g: host did not answer: no rou"),
        ("started", {"failed": True, "msg": "no unit"}, "starting on s: task failed: no unit"),
        ("stopped", {"unreachable": True, "msg": "gone"}, "stopping on s: host did not answer"),
    ],
)
def test_a_fault_of_the_harness_is_recorded_as_one(
    tmp_path: Path, key: str, result: dict[str, Any], sentence: str
) -> None:
    answer, written = record(tmp_path, **{key: result})
    assert written["harness_fault"].startswith(sentence)
    assert answer["harness_fault"] == written["harness_fault"]
    assert "HARNESS FAULT" in answer["progress"]
    (line,) = checked(tmp_path / "progress.jsonl")
    assert line["requests_per_s"] is None
    assert "HARNESS FAULT" in line["said"]


def test_run_json_is_there_from_the_start_and_is_completed(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    act(run_record, run=run, moment="started")
    begun = json.loads((tmp_path / "run.json").read_text())
    assert begun["ended"] is None
    assert "path" not in begun["frameworks"]["aiohttp"]
    act(run_record, run=run, moment="ended", faults=["the disk was full"])
    ended = json.loads((tmp_path / "run.json").read_text())
    assert ended["started"] == begun["started"] <= ended["ended"]
    assert ended["harness_faults"] == ["the disk was full"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file.json"
    act(controller_file, path=str(target), data={"a": 1})
    assert json.loads(target.read_text()) == {"a": 1}
    with pytest.raises(TypeError):
        act(controller_file, path=str(target), data={"a": object()})
    assert json.loads(target.read_text()) == {"a": 1}
    assert [path.name for path in target.parent.iterdir()] == ["file.json"]


H2LOAD = WRK | {"argv": ["h2load"], "result": json.dumps({"responses": 4000, "histogram": []})}


@pytest.mark.parametrize(
    ("number", "rate", "name", "said"),
    [
        (2, None, "main-r02-001-aiohttp-w1-d5-c200.json", "in round 2  aiohttp"),
        (None, 1200.0, "main-rate-001-aiohttp-w1-d5-c200.json", "2,000 req/s of 1,200 wanted"),
    ],
)
def test_an_execution_of_h2load_is_kept_apart(
    tmp_path: Path, number: int | None, rate: float | None, name: str, said: str
) -> None:
    run = run_of(tmp_path)
    run["variables"]["bench_duration"] = 2
    answer = act(
        crosscheck_record, run=run, testbed=TESTBED, round=number, position=1, cell=CELL,
        rate=rate, started=STARTED, load=LOAD | {"measured": H2LOAD}, stopped=STOPPED,
    )  # fmt: skip
    (written,) = (tmp_path / "crosscheck").iterdir()
    assert written.name == name
    kept = json.loads(written.read_text())
    assert (kept["kind"], kept["round"], kept["rate"]) == (
        "closed" if number else "constant", number, rate,
    )  # fmt: skip
    assert kept["generators"][0]["measured"]["result"]["responses"] == 4000
    assert said in answer["progress"]
    assert answer["harness_fault"] is None


def test_the_constant_rate_is_a_share_of_the_median_of_the_same_cell(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    run |= {"variables": run["variables"] | {"bench_rate_share": 0.5}, "rounds": [[CELL]] * 3}
    for number, requests in enumerate((900, 1000, 5000), start=1):
        result = json.dumps({"requests": requests, "duration_us": 1_000_000})
        act(
            measurement_record, run=run, testbed=TESTBED, round=number, position=1, cell=CELL,
            unavailable={}, first_begun="0", started=STARTED,
            load=LOAD | {"measured": WRK | {"result": result}}, stopped=STOPPED,
        )  # fmt: skip
    assert act(crosscheck_rate, run=run, testbed=TESTBED, cell=CELL)["rate"] == 500
    other = CELL | {"depth": 16}
    assert act(crosscheck_rate, run=run, testbed=TESTBED, cell=other)["rate"] is None


@pytest.mark.parametrize("priced", [True, False])
def test_the_end_of_a_run_keeps_the_prices_of_its_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, priced: bool
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pipebench").symlink_to(ROOT / "pipebench")
    shutil.copy(ROOT / "collect.py", project)
    monkeypatch.setattr(collect, "COLLECT", project / "collect.py")
    host = "lab-server" if priced else "another"
    said = "{currency: EUR, date: 2026-11-01, source: a list, hosts: {%s: {per_hour: 1}}}"
    (project / "prices.yml").write_text(said % host)
    run = tmp_path / "run"
    shutil.copytree(ROOT / "tests" / "data" / "run", run)
    answer = act(collect, run_dir=str(run))
    assert "Report: " in answer["closing"]
    assert (run / "prices.yml").exists() == priced
    assert ("## Cost" in (run / "report.md").read_text()) == priced
