"""Two computers want one host: the second waits, and who has lost a host measures nothing there.

The second computer is a namespace of this one with a name and process numbers of its own, as a
container or a clone has them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lab.tests.fixture import ROOT, SBIN, SUDO
from tests import commands
from tests.lab.hosts import ADDRESSES, begin, clean_by, lapse, provision, ssh
from tests.lab.test_interrupts import PLAN, descendants

if TYPE_CHECKING:
    from lab.tests.fixture import Lab

pytestmark = pytest.mark.lab

FRAMEWORK = PLAN["bench_frameworks"]
SHORT = PLAN | {"bench_duration": 1, "bench_warmup": 0, "bench_rounds": 2}


@pytest.fixture(scope="module", autouse=True)
def provisioned(lab: Lab) -> None:
    provision(lab, FRAMEWORK)


def elsewhere(command: str) -> subprocess.CompletedProcess[str]:
    """Type a command on the second computer, which has the same name but for its end."""
    apart = ["unshare", "--uts", "--pid", "--fork", "--mount-proc"]
    words = f"hostname elsewhere && cd {ROOT} && {command}"
    return subprocess.run(
        [*SUDO, *apart, "bash", "-c", words], cwd=ROOT, env=SBIN, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def to_all(pid: int, number: signal.Signals) -> None:
    """A signal to a run and all that it started, as a computer that sleeps stops them."""
    for one in descendants(pid):
        with suppress(ProcessLookupError):
            os.kill(one, number)


def until_recorded(results: Path, count: int, bench: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while len(list((results / "raw").glob("[!.]*"))) < count:
        assert bench.poll() is None, (results.parent / "log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.1)


def started(lab: Lab, results: Path, run: str, **more: Any) -> subprocess.Popen[bytes]:
    words = PLAN | {"bench_results_dir": str(results), "bench_run_id": run} | more
    return begin(results, words, f" -i {lab.inventory}")


@pytest.mark.faults
def test_a_dead_run_is_known_to_be_dead_on_its_own_computer_only(lab: Lab, tmp_path: Path) -> None:
    bench = started(lab, tmp_path, "cut", bench_rounds=50)
    until_recorded(tmp_path / "cut", 1, bench)
    to_all(bench.pid, signal.SIGKILL)
    bench.wait(10)
    check = f"./bench -i {lab.inventory} --check"
    down = f".venv/bin/ansible-playbook playbooks/teardown.yml -i {lab.inventory}"
    for command in (check, down):
        refused = elsewhere(command)
        assert refused.returncode != 0, refused.stdout
        assert "run cut" in refused.stdout, refused.stdout
    for host in ADDRESSES:
        assert "cut" in ssh(host, "cat /opt/pipeline-bench/lease.json")
    free = commands.run(check)
    assert free.returncode == 0, free.stdout
    clean_by(lab, time.monotonic() + 60)
    for host in ADDRESSES:
        lapse(host)
    assert elsewhere(check).returncode == 0


@pytest.mark.faults
def test_a_run_that_has_lost_its_hosts_measures_nothing_there(lab: Lab, tmp_path: Path) -> None:
    """Its computer sleeps, its time is over, and another one measures there, whole, meanwhile."""
    bench = started(lab, tmp_path, "first", bench_rounds=6, harness_pauses_s=[1])
    try:
        until_recorded(tmp_path / "first", 2, bench)
        to_all(bench.pid, signal.SIGSTOP)
        for host in ADDRESSES:
            lapse(host)
        words = SHORT | {"bench_results_dir": str(tmp_path), "bench_run_id": "second"}
        second = elsewhere(f"./bench -i {lab.inventory}{commands.options(words)}")
        assert second.returncode == 0, second.stdout + second.stderr
        assert (tmp_path / "second" / "report.html").exists()
        before = {path: path.read_bytes() for path in (tmp_path / "first" / "raw").glob("[!.]*")}
        to_all(bench.pid, signal.SIGCONT)
        assert bench.wait(120) not in (0, 130)
    finally:
        to_all(bench.pid, signal.SIGKILL)
        bench.wait(10)
    assert {path: path.read_bytes() for path in before} == before
    run = json.loads((tmp_path / "first" / "run.json").read_text())
    reasons = [fault["reason"] for fault in run["harness_faults"]]
    assert any("this run has lost the host" in reason for reason in reasons), run
    assert run["given_up"]
    report = (tmp_path / "first" / "report.md").read_text()
    assert "this run has lost the host" in report
    again = commands.run(
        f"./bench -i {lab.inventory} -e bench_resume={tmp_path / 'first'} --skip-tags provision"
    )
    assert again.returncode == 0, again.stdout[-4000:]
