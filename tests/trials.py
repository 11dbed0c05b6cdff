"""Runs that are cut off at random moments, on the lab that is up: what becomes of them.

`python -m tests.trials killed COUNT` kills every process of the controller, and says when nothing
of the run is left on the hosts. `python -m tests.trials interrupted COUNT` interrupts as Ctrl-C
does, has the run go on until it is complete, and says whether every measurement is there once.
Only processes that were started here are ended, by their numbers.
"""

from __future__ import annotations

import csv
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

from tests import commands
from tests.lab.hosts import GENERATOR, LEFT, SERVER, begin, ssh
from tests.lab.test_interrupts import PLAN, descendants

LONGEST_S = 25
INTERRUPTED = 130


def begun(results: Path, rounds: int) -> subprocess.Popen[bytes]:
    words = PLAN | {
        "bench_results_dir": str(results), "bench_run_id": "cut", "bench_rounds": rounds,
        "bench_duration": 2, "bench_probe": True,
    }  # fmt: skip
    return begin(results, words)


def wait_for_the_run(run: subprocess.Popen[bytes], results: Path) -> float:
    """Until run.json is there, and a random time more; that time, s."""
    while not (results / "cut" / "run.json").exists():
        assert run.poll() is None, (results / "log").read_text()
        time.sleep(0.05)
    moment = random.uniform(0, LONGEST_S)  # noqa: S311 (a moment, not a secret)
    time.sleep(moment)
    return moment


def is_clean() -> bool:
    return all(ssh(host, LEFT).strip() == "end" for host in (SERVER, GENERATOR))


def killed(number: int) -> bool:
    """Whether the hosts were clean within a minute."""
    results = Path(mkdtemp())
    run = begun(results, 50)
    moment = wait_for_the_run(run, results)
    for pid in descendants(run.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    run.wait()
    then = time.monotonic()
    while not is_clean() and time.monotonic() - then < 90:
        time.sleep(1)
    took = time.monotonic() - then
    print(f"{number}: killed after {moment:.1f} s, clean after {took:.0f} s", flush=True)
    return took <= 60


def interrupted(number: int) -> bool:
    """Whether the run ended as it should, and every measurement is there once in the end."""
    results, rounds = Path(mkdtemp()), 6
    run = begun(results, rounds)
    moment = wait_for_the_run(run, results)
    then = time.monotonic()
    with suppress(ProcessLookupError):
        os.kill(run.pid, signal.SIGINT)
    status = run.wait()
    took, clean = time.monotonic() - then, is_clean()
    folder = results / "cut"
    before = len(list((folder / "raw").glob("[!.]*")))
    again = f"./bench -e bench_resume={folder} --skip-tags provision"
    done = commands.run(again)
    with (folder / "results.csv").open(newline="") as table:
        rows = sorted(int(row["round"]) for row in csv.DictReader(table) if row["outcome"] == "ok")
    right = rows == list(range(1, rounds + 1)) and clean and status in (INTERRUPTED, 0)
    print(
        f"{number}: interrupted after {moment:.1f} s with {before} of {rounds} measured: status "
        f"{status} after {took:.1f} s, {'clean' if clean else 'NOT CLEAN'}; resumed with status "
        f"{done.returncode}, ok in rounds {rows}",
        flush=True,
    )
    return right


def main(kind: str, count: str) -> int:
    trial = {"killed": killed, "interrupted": interrupted}[kind]
    right = sum(trial(number) for number in range(1, int(count) + 1))
    print(f"{kind}: {right} of {count} as promised")
    return int(right < int(count))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
