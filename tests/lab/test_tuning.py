"""What a run sets on real hosts, as far as a machine of the lab may set it, is put back."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import commands
from tests.lab.hosts import ADDRESSES, SERVER, begin, lapse, provision, ssh
from tests.lab.test_interrupts import PLAN, descendants

if TYPE_CHECKING:
    import subprocess

    from lab.tests.fixture import Lab

pytestmark = pytest.mark.lab

BACKLOG = "/proc/sys/net/core/somaxconn"
VALUES = (
    f"cat {BACKLOG} /proc/sys/net/ipv4/tcp_max_syn_backlog /proc/sys/net/ipv4/ip_local_port_range "
    "/sys/class/net/*/queues/*/rps_cpus; nft list tables 2>/dev/null; echo"
)
TIMER = "systemctl list-timers --plain --no-legend 'pipeline-bench*'"
SHORT = PLAN | {"bench_rounds": 1, "bench_duration": 1}


@pytest.fixture(scope="module")
def before(lab: Lab) -> Iterator[dict[str, str]]:
    """What the hosts had, by host; they have it again in the end."""
    provision(lab, PLAN["bench_frameworks"])
    values = {host: ssh(host, VALUES) for host in ADDRESSES}
    yield values
    assert {host: ssh(host, VALUES) for host in ADDRESSES} == values


def typed(lab: Lab, command: str, results: Path) -> subprocess.CompletedProcess[str]:
    """A command of docs/metal.md as a user types it, made short."""
    words = SHORT | {"bench_results_dir": str(results)}
    more = f" --skip-tags provision{commands.options(words)}"
    return commands.run(commands.filled(command, {"inventory/metal": lab.inventory}) + more)


def test_what_would_be_set_is_shown_and_not_set(
    lab: Lab, before: dict[str, str], tmp_path: Path
) -> None:
    done = typed(lab, "./bench --check -i inventory/metal -e bench_tuning=full", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "This is set on lab-server for the time of the run, and put back after it:" in done.stdout
    )
    assert "  port_range: 32768 60999 -> 10000 65535" in done.stdout
    assert "can only be read here, as in a container" in done.stdout  # huge_pages
    assert {host: ssh(host, VALUES) for host in ADDRESSES} == before


def test_tuned_and_plain_are_two_runs_of_one_comparison(
    lab: Lab, before: dict[str, str], tmp_path: Path
) -> None:
    for command in (
        "./bench -i inventory/metal -e bench_run_id=plain",
        "./bench -i inventory/metal -e bench_run_id=tuned -e bench_tuning=full",
    ):
        done = typed(lab, command, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert {host: ssh(host, VALUES + f"; {TIMER}") for host in ADDRESSES} == before
    assert not (tmp_path / "plain" / "tuning").exists()
    record = json.loads((tmp_path / "tuned" / "tuning" / f"{SERVER}.json").read_text())
    assert record["released"]
    backlog = next(one for one in record["settings"] if one["path"] == BACKLOG)
    values = [backlog[word] for word in ("before", "wanted", "after", "held", "restored")]
    assert values == ["4096", "8192", "8192", "8192", "4096"]
    assert {one["error"] for one in record["settings"]} == {None}
    report = (tmp_path / "tuned" / "report.md").read_text()
    assert "## Tuning" in report
    assert "- all put back" in report
    words = {"results/plain": tmp_path / "plain", "results/tuned": tmp_path / "tuned"}
    compare = commands.filled("./collect.py compare results/plain results/tuned", words)
    done = commands.run(f"{compare} --output {tmp_path / 'compared'}")
    assert "tuned.backlog" in (tmp_path / "compared" / "compare.md").read_text(), done.stderr


@contextmanager
def tuned(lab: Lab, results: Path, **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A run that has just set the hosts; in the end all its processes are killed."""
    words: dict[str, Any] = PLAN | {
        "bench_results_dir": str(results), "bench_run_id": "cut", "bench_tuning": "full",
    } | more  # fmt: skip
    process = begin(results, words, f" -i {lab.inventory}")
    try:
        deadline = time.monotonic() + 120
        while "8192" not in ssh(SERVER, f"cat {BACKLOG}"):
            assert process.poll() is None, (results / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield process
    finally:
        for pid in descendants(process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def test_an_interrupted_run_puts_everything_back(
    lab: Lab, before: dict[str, str], tmp_path: Path
) -> None:
    with tuned(lab, tmp_path) as bench:
        while not list((tmp_path / "cut" / "raw").glob("[!.]*")):  # until it measures
            assert bench.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.1)
        os.kill(bench.pid, signal.SIGINT)
        assert bench.wait(30) == 130
    assert {host: ssh(host, VALUES + f"; {TIMER}") for host in ADDRESSES} == before
    for host in ADDRESSES:
        record = json.loads((tmp_path / "cut" / "tuning" / f"{host}.json").read_text())
        assert record["released"]
        assert record["error"] is None


@pytest.mark.faults
def test_the_hosts_put_it_back_if_the_controller_dies(
    lab: Lab, before: dict[str, str], tmp_path: Path
) -> None:
    with tuned(lab, tmp_path):
        pass
    assert ssh(SERVER, f"cat {BACKLOG}") == "8192\n"
    for host in ADDRESSES:
        lapse(host)
    deadline = time.monotonic() + 90
    while {host: ssh(host, VALUES + f"; {TIMER}") for host in ADDRESSES} != before:
        assert time.monotonic() < deadline
        time.sleep(2)


@pytest.mark.faults
def test_a_run_whose_computer_sleeps_is_tuned_again_when_it_goes_on(
    lab: Lab, before: dict[str, str], tmp_path: Path
) -> None:
    """The hosts put all back meanwhile; what is measured then has the values that the run says."""
    raw = tmp_path / "cut" / "raw"
    with tuned(lab, tmp_path, bench_rounds=4) as bench:
        while not list(raw.glob("[!.]*")):
            assert bench.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.1)
        asleep = descendants(bench.pid)
        for pid in asleep:
            os.kill(pid, signal.SIGSTOP)
        for host in ADDRESSES:
            lapse(host)
        deadline = time.monotonic() + 90
        while {host: ssh(host, VALUES) for host in ADDRESSES} != before:
            assert time.monotonic() < deadline
            time.sleep(2)
        known = len(list(raw.glob("[!.]*")))
        for pid in asleep:
            os.kill(pid, signal.SIGCONT)
        while len(list(raw.glob("[!.]*"))) < known + 2:
            assert bench.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.1)
        assert ssh(SERVER, f"cat {BACKLOG}") == "8192\n"
        bench.wait(120)
    assert {host: ssh(host, VALUES + f"; {TIMER}") for host in ADDRESSES} == before
    for host in ADDRESSES:
        record = json.loads((tmp_path / "cut" / "tuning" / f"{host}.json").read_text())
        (lapsed,) = record["lapses"]
        assert lapsed["put_back_at"] < lapsed["set_anew_at"]
        assert (bool(record["released"]), record["error"]) == (True, None)
    report = (tmp_path / "cut" / "report.md").read_text()
    assert "put back by the host at" in report
    assert "were made after that" not in report


def test_the_next_run_puts_back_what_a_dead_one_has_left(
    lab: Lab, before: dict[str, str], tmp_path: Path
) -> None:
    with tuned(lab, tmp_path):
        pass
    done = typed(lab, "./bench -i inventory/metal -e bench_run_id=plain", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {host: ssh(host, VALUES) for host in ADDRESSES} == before
