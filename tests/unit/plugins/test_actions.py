"""What Ansible's actions do beside calling the package: arguments in, answers out."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from action import bench_resolve, collect, controller_file, host_record
from action import host_lease as lease_action
from ansible.errors import AnsibleActionFail
from host import lease
from modules import host_lease

from pipebench.earlier.repeat import plan_repeated
from pipebench.hosts.owner import owner_of
from pipebench.plan.project import Project
from pipebench.plan.testbeds import Inventory
from tests.present import present
from tests.unit.pipebench.factory import record as raw_record
from tests.unit.pipebench.factory import run_document, write_run
from tests.unit.pipebench.runs import EXAMPLE

ROOT = Path(__file__).resolve().parents[3]


def act(plugin: Any, **arguments: Any) -> dict[str, Any]:
    """Run an action as Ansible does, with what it needs of a task and nothing else."""
    task = SimpleNamespace(args=arguments, async_val=0, check_mode=False, diff=False)
    nothing = SimpleNamespace()
    action = plugin.ActionModule(task, nothing, nothing, nothing, nothing, nothing)
    action._connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))  # noqa: SLF001
    done: dict[str, Any] = action.run(task_vars={})
    return done


def test_a_text_is_kept_on_the_controller(tmp_path: Path) -> None:
    act(controller_file, folder=str(tmp_path / "run"), file="logs/s/a.log", text="one\n")
    assert (tmp_path / "run" / "logs" / "s" / "a.log").read_text() == "one\n"
    act(controller_file, folder=str(tmp_path / "run"), file="logs/s/a.log", text="caf\udce9\n")
    assert (tmp_path / "run" / "logs" / "s" / "a.log").read_text() == "caf?\n"


def test_a_text_is_not_kept_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "run" / "logs").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run" / "logs" / "s").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="Not a directory"):
        act(controller_file, folder=str(tmp_path / "run"), file="logs/s/a.log", text="one\n")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_fingerprint_of_a_host_is_kept_with_the_run(tmp_path: Path) -> None:
    run = {"results_dir": str(tmp_path), "run_id": "r", "frameworks": {"x": {}}}
    about = {"hostname": "a", "os": {"id": "debian"}, "frameworks": {"x": {"runtime": "go1.26"}}}
    act(host_record, run=run, host="lab-server", fingerprint=about)
    kept = json.loads((tmp_path / "hosts" / "lab-server.json").read_text())
    assert (kept["os"], kept["frameworks"]["x"]["runtime"]) == ({"id": "debian"}, "go1.26")
    with pytest.raises(AnsibleActionFail, match="hostname of the fingerprint is 5; it must be a"):
        act(host_record, run=run, host="lab-server", fingerprint={"hostname": 5})


def test_hosts_that_differ_from_the_earlier_run_are_said_before_they_are_touched() -> None:
    hosts = {"s": {"ansible_host": "198.18.0.11"}, "g": {"ansible_host": "198.18.0.21"}}
    project = Project(ROOT, "0", None, dirty=False, command=[])
    given = {"bench_like": str(EXAMPLE)}
    run = plan_repeated(given, Inventory(["s"], ["g"], hosts), project)
    check = {"cpus": 2, "architecture": "aarch64", "irqbalance": False}
    answer = act(bench_resolve, run=run.to_fact(), checks={"s": check, "g": check})
    assert "The servers of the run example were x86_64, and these are aarch64" in answer["progress"]
    assert answer["run"]["like"]["run_id"] == "example"


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
    write_run(run, run_document(["one"], 1), {"a.json": raw_record()})
    answer = act(collect, run_dir=str(run))
    assert "Report: " in answer["closing"]
    assert (run / "prices.yml").exists() == priced
    assert ("## Cost" in (run / "report.md").read_text()) == priced


@pytest.fixture
def on_this_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module host_lease works here, on a file of the test."""

    def module(_: object, module_args: dict[str, Any], **__: Any) -> dict[str, Any]:
        try:
            host_lease.do({"owner": "", "run": "", "over": None, "seconds": 0} | module_args)
        except lease.HeldError as error:
            return {"failed": True, "msg": str(error), "lease": lease.held()}
        return {"changed": False}

    monkeypatch.setattr(lease, "FILE", tmp_path / "lease.json")
    monkeypatch.setattr(lease_action.ActionModule, "_execute_module", module)


@pytest.mark.usefixtures("on_this_host")
def test_a_host_is_taken_of_a_run_that_is_known_to_be_dead_and_of_no_other() -> None:
    dead = owner_of(os.getpid())._replace(started="1")
    there = {"owner": str(dead._replace(boot="x")), "run_id": "first", "lease": "a"}
    own = {"owner": str(owner_of(os.getpid())), "run_id": "own", "lease": "c"}

    def take(run: Any, state: str = "taken") -> dict[str, Any]:
        return act(lease_action, state=state, run=run, seconds=60)

    assert "failed" not in take(there)  # on a computer of which nothing is known here
    assert "the run first holds this host" in take(own)["msg"]
    take(there, "released")
    take(there | {"owner": str(dead)})
    assert "failed" not in take(own)
    assert present(lease.held())["run"] == "own"
    assert "this run has lost" not in str(take(own, "kept"))
    assert take(there, "kept")["failed"]
    take(own, "released")


@pytest.mark.usefixtures("on_this_host")
def test_what_is_no_run_has_a_lease_of_its_own() -> None:
    answer = act(lease_action, state="taken", run="teardown", seconds=60)
    held = lease.held()
    assert held
    assert (held["run"], held["token"]) == ("teardown", answer["token"])
    assert len(answer["token"]) == 32
