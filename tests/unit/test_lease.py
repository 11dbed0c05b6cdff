"""One run at a time holds a host, and one that died does not hold it for ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

import pytest
from host import lease
from host.orders import answer_to

from pipebench.harness.execution import LONGEST_PAUSE_S
from pipebench.harness.recovery import PAUSES_S
from pipebench.plan.hosts import HostCheck, lease_problems
from pipebench.plan.hosts import Lease as Seen
from pipebench.plan.owner import Owner, owner_of, parsed
from tests.present import present


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "lease.json"
    monkeypatch.setattr(lease, "FILE", path)
    return path


def test_a_host_is_held_by_one_run() -> None:
    lease.hold("first", "a", 60)
    with pytest.raises(lease.HeldError, match="the run first holds this host since 20"):
        lease.hold("second", "b", 60)
    lease.release("b")  # not its own
    assert present(lease.held())["run"] == "first"
    lease.release("a")
    assert lease.held() is None
    lease.hold("second", "b", 60)


def test_it_is_held_for_longer_by_holding_it_again(file: Path) -> None:
    lease.hold("first", "a", 60)
    since = json.loads(file.read_text())["since"]
    lease.hold("first", "a", 600)
    assert json.loads(file.read_text())["since"] == since
    assert file.stat().st_mtime == pytest.approx(time.time() + 600, abs=10)


def test_a_run_that_went_silent_holds_it_no_longer(file: Path) -> None:
    lease.hold("first", "a", 60)
    os.utime(file, (0, time.time() - 1))
    assert lease.held() is None
    lease.hold("second", "b", 60)
    assert present(lease.held())["run"] == "second"


def test_one_that_is_known_to_be_dead_holds_it_no_longer() -> None:
    lease.hold("first", "a", 60)
    lease.hold("second", "b", 60, over="a")
    with pytest.raises(lease.HeldError):
        lease.hold("third", "c", 60, over="a")


def test_what_is_not_a_lease_holds_nothing(file: Path) -> None:
    file.write_text("{")
    os.utime(file, (0, time.time() + 60))
    assert lease.held() is None
    lease.hold("first", "a", 60)


def test_what_another_run_measures_on_a_host_is_not_ended() -> None:
    """By a run that lost the host, as its controller slept: it asks, and nothing is done."""
    done: list[str] = []

    def program(order: dict[str, Any]) -> dict[str, Any]:
        done.append(order["state"])
        return {}

    def order(owner: str, state: str) -> dict[str, Any]:
        own = {"run": owner, "owner": owner, "seconds": 60}
        return {"state": state} | ({"lease": own} if state == "started" else {"owner": owner})

    for state in ("started", "stopped", "ended"):
        assert answer_to(order("b", state), program) == {}
        assert answer_to(order("b", "started"), program) == {}  # it holds the host still
        answer = cast("dict[str, Any]", answer_to(order("a", state), program))
        assert answer["failed"]
        assert answer["msg"].startswith("the run b holds this host since 20")
    assert done == ["started", "started", "stopped", "started", "ended", "started"]
    assert answer_to({"state": "restored"}, program) == {}  # the host itself, or the teardown


def test_an_owner_is_alive_until_its_process_has_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = parsed(str(owner_of(process.pid)))
    assert not owner.is_dead
    assert owner._replace(started="1").is_dead  # another process has that number now
    assert owner._replace(boot="x").is_dead
    assert not owner._replace(computer="elsewhere", boot="x").is_dead  # nobody knows here
    process.communicate(b"\n")
    assert owner.is_dead
    assert not parsed("somebody").is_dead


def test_who_holds_a_host_is_said_before_anything_is_changed() -> None:
    def problems(owner: Owner) -> list[str]:
        held = Seen(run="r1", owner=str(owner), since=0, until=4 * 3600)
        check = HostCheck(
            os="debian", os_version="13", os_title="", architecture="x86_64", systemd=True,
            root=True, cpus=1, identity="i", free=[], lease=held,
        )  # fmt: skip
        return lease_problems("s", check)

    (sentence,) = problems(Owner("laptop", "b", "1", "2"))
    assert sentence.startswith("s is held by the run r1 since 00:00 UTC, made on laptop; wait")
    assert sentence.endswith("until 04:00 UTC.")
    assert len(problems(owner_of(os.getpid()))) == 1
    assert problems(owner_of(os.getpid())._replace(started="1")) == []


def test_a_testbed_that_waits_holds_its_hosts() -> None:
    assert max(PAUSES_S) < LONGEST_PAUSE_S
