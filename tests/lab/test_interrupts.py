"""A run that is interrupted, or whose controller dies: its hosts are left clean, and it can go on.

Only processes that a test started are ended, by their numbers.
"""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import commands
from tests.lab.hosts import begin, clean_by, left, provision

if TYPE_CHECKING:
    from lab.tests.fixture import Lab

pytestmark = pytest.mark.lab

PLAN: dict[str, Any] = {
    "bench_frameworks": "uvloop-httptools",
    "bench_controls": False,
    "bench_probe": False,
    "bench_check_answers": False,
    "bench_path_capacity": False,
    "bench_duration": 3,
    "bench_warmup": 1,
}


@pytest.fixture(scope="module", autouse=True)
def provisioned(lab: Lab) -> None:
    provision(lab, PLAN["bench_frameworks"])


@contextmanager
def measuring(lab: Lab, results: Path, rounds: int = 50) -> Iterator[subprocess.Popen[bytes]]:
    """A run in its third measurement; bench is the process of Ansible itself."""
    words = PLAN | {"bench_results_dir": str(results), "bench_run_id": "cut"}
    words["bench_rounds"] = rounds
    process = begin(results, words, f" -i {lab.inventory}")
    try:
        deadline = time.monotonic() + 120
        while len(list((results / "cut" / "raw").glob("*.gz"))) < 2:
            assert process.poll() is None, (results / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(2)
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


ROUNDS = 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_an_interrupted_run_is_reported_and_leaves_its_hosts_clean(
    lab: Lab, tmp_path: Path, number: signal.Signals
) -> None:
    with measuring(lab, tmp_path, ROUNDS) as bench:
        os.kill(bench.pid, number)
        assert bench.wait(30) == 130
        log = (tmp_path / "log").read_text()
    run = tmp_path / "cut"
    assert left(lab) == {"lab-server": "", "lab-loadgen": ""}, log
    assert (run / "report.html").exists(), log
    records = list((run / "raw").iterdir())
    # each is whole: what was in flight is not among them
    assert len((run / "results.csv").read_text().splitlines()) == 1 + len(records)
    assert all(",ok," in line for line in (run / "results.csv").read_text().splitlines()[1:])
    assert "or was ended early" in (run / "report.md").read_text()
    if number == signal.SIGINT:
        goes_on(lab, run)


def goes_on(lab: Lab, run: Path) -> None:
    """What was measured stays, and every measurement is there once."""
    before = {path: path.read_bytes() for path in (run / "raw").iterdir()}
    typed = "./bench -i inventory/cloud -e bench_resume=RUN"
    words = {"inventory/cloud": lab.inventory, "RUN": run}
    done = commands.run(f"{commands.filled(typed, words)} --skip-tags provision")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    assert f"{len(before)} of {ROUNDS} measurements are complete" in done.stdout
    assert {path: path.read_bytes() for path in before} == before
    with (run / "results.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [(row["round"], row["outcome"]) for row in rows] == [
        (str(number), "ok") for number in range(1, ROUNDS + 1)
    ]
    report = (run / "report.md").read_text()
    assert f"after {len(before)} of now {ROUNDS} measurements" in report
    assert "ended early" not in report
    assert set(left(lab).values()) == {""}


@pytest.mark.faults  # it waits until the time is over that the server's unit carries
def test_the_hosts_end_what_runs_if_the_controller_dies(lab: Lab, tmp_path: Path) -> None:
    """Every process of it, as if its computer had lost its power. Until then it holds them."""
    with measuring(lab, tmp_path) as bench:
        is_refused_a_second_run(lab)
        for pid in descendants(bench.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        bench.wait(10)
    deadline = time.monotonic() + 60
    is_free(lab)
    clean_by(lab, deadline)


def is_refused_a_second_run(lab: Lab) -> None:
    """Of the run `cut`, which goes on."""
    second = commands.run(f"./bench -i {lab.inventory} --check")
    assert second.returncode != 0
    for host in ("lab-server", "lab-loadgen"):
        assert f"{host} is held by the run cut since" in second.stdout, second.stdout


def is_free(lab: Lab) -> None:
    """For another run."""
    first = commands.run(f"./bench -i {lab.inventory} --check")
    assert first.returncode == 0, first.stdout


def test_the_rest_of_a_run_ends_if_ansible_itself_is_killed(lab: Lab, tmp_path: Path) -> None:
    """Its workers live on, in sessions of their own: they see it before the next measurement."""
    with measuring(lab, tmp_path) as bench:
        is_refused_a_second_run(lab)
        bench.kill()
        bench.wait(10)
    clean_by(lab, time.monotonic() + 30)
    is_free(lab)
    before = len(list((tmp_path / "cut" / "raw").iterdir()))
    time.sleep(6)
    assert len(list((tmp_path / "cut" / "raw").iterdir())) == before


def descendants(pid: int) -> list[int]:
    """A process and all that it started, and these started."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(") ")[2].split()[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found
