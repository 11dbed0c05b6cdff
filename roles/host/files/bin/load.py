"""Drive one server with pipelined wrk and write down what happened; judge nothing.

Reads one JSON object from standard input and prints one. It asks the server over the benchmark
network until it answers, runs wrk for the warm-up, waits a moment in which the server is idle, and
runs wrk again for the measurement:

    {"address", "port", "depth", "connections", "threads", "duration", "warmup", "patience"}
        {"cpus", "ready_error", "samples", "warmup", "measured"}

Durations are in s; docs/architecture.md says what the answers are. RESULT and SAMPLES are JSON in
a string: Ansible handles each of ten thousand numbers, and one string at once. A server that does
not answer, crashes or hangs is data; {"failed": true, "msg"} is there only where wrk itself cannot
be run.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plain_http import wait_for_answer
from samples import columns

SCRIPT = Path(__file__).resolve().parents[1] / "pipeline.lua"
SAMPLER = Path(__file__).with_name("sampler.py")
# The server is idle for this long before the window, so that its counters are flat there and the
# clocks of the two hosts need to agree only to half of it.
PAUSE_S = 0.2
# wrk ends by itself; this much later it is ended.
GRACE_S = 30
# A sampler ends at once; one that does not must not hold the measurement up.
STOP_S = 2


def argv(parameters: dict[str, Any], seconds: int) -> list[str]:
    """The command of 2017. `--timeout` is above the length of the run, so that wrk drops no
    latency: no batch can take longer than the run."""
    return [
        "wrk",
        f"-t{parameters['threads']}",
        f"-c{parameters['connections']}",
        f"-d{seconds}s",
        "--latency",
        f"--timeout={seconds + 1}s",
        "-s",
        str(SCRIPT),
        f"http://{url_host(parameters['address'])}:{parameters['port']}/",
        "--",
        str(parameters["depth"]),
    ]


def url_host(address: str) -> str:
    """An IP address as a URL has it: IPv6 in brackets."""
    return f"[{address}]" if ":" in address else address


def run_wrk(command: list[str], seconds: int) -> dict[str, Any]:
    """One execution of wrk: WRK of docs/architecture.md.

    Raises OSError if it cannot be started, TimeoutError if it does not end.
    """
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "result.json")
        out, err = Path(folder, "stdout"), Path(folder, "stderr")
        with out.open("wb") as stdout, err.open("wb") as stderr:
            started = time.time()
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env={**os.environ, "LC_ALL": "C", "WRK_RESULT": str(result)},
            )
            status, usage = wait(process, seconds + GRACE_S)
            ended = time.time()
        if status is None:
            raise TimeoutError(f"wrk had to be ended {GRACE_S} s after its time: {command}")
        return {
            "argv": command,
            "exit_status": status,
            "started": started,
            "ended": ended,
            "cpu_s": usage.ru_utime + usage.ru_stime,
            "stdout": out.read_text(errors="replace"),
            "stderr": err.read_text(errors="replace"),
            "result": result.read_text() if result.exists() else None,
        }


def wait(process: subprocess.Popen, seconds: float) -> tuple[int | None, Any]:
    """Exit status (None if it had to be killed) and resource usage of this one process."""
    deadline = time.monotonic() + seconds
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage
        if time.monotonic() > deadline:
            process.kill()
            os.wait4(process.pid, 0)
            process.returncode = -9
            return None, None
        time.sleep(0.01)


def without_latency(wrk: dict[str, Any]) -> dict[str, Any]:
    """A warm-up is kept without its histogram: nothing is computed from it."""
    if wrk["result"]:
        result = json.loads(wrk["result"])
        del result["latency"]
        wrk["result"] = json.dumps(result)
    return wrk


@contextmanager
def sampled(address: str) -> Iterator[dict[str, str]]:
    """Sample this host while the body runs; the samples are in `text` afterwards."""
    taken = {"text": "{}"}
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "samples.jsonl")
        process = subprocess.Popen(
            [sys.executable, str(SAMPLER), "--address", address, "--output", str(output)],
            stdin=subprocess.DEVNULL,
        )
        try:
            yield taken
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            taken["text"] = columns(output)


def begin(wanted: dict[str, Any]) -> dict[str, Any]:
    """Ask the server until it answers, and take as many open files as there may be.

    Returns what is printed where nothing is run; `ready_error` says why that is so, or is None.
    """
    answer: dict[str, Any] = {
        "cpus": len(os.sched_getaffinity(0)),
        "samples": "{}",
        "ready_error": wait_for_answer(wanted["address"], wanted["port"], wanted["patience"]),
        "warmup": None,
        "measured": None,
    }
    if answer["ready_error"] is None:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return answer


def measure(wanted: dict[str, Any]) -> dict[str, Any]:
    """Warm up and measure; what is printed."""
    answer = begin(wanted)
    if answer["ready_error"] is not None:
        return answer
    try:
        with sampled(wanted["address"]) as samples:
            if wanted["warmup"]:
                warmup = run_wrk(argv(wanted, wanted["warmup"]), wanted["warmup"])
                answer["warmup"] = without_latency(warmup)
            time.sleep(PAUSE_S)
            answer["measured"] = run_wrk(argv(wanted, wanted["duration"]), wanted["duration"])
        answer["samples"] = samples["text"]
    except (OSError, ValueError) as error:
        return answer | {"failed": True, "msg": f"wrk could not be run: {error}"}
    said = answer["measured"]["stdout"] + answer["measured"]["stderr"]
    # A server that has gone is the framework's failure; anything else is the generator's, also
    # with status 0: wrk goes on without a script that it cannot read.
    if answer["measured"]["result"] is None and "unable to connect" not in said:
        return answer | {"failed": True, "msg": f"wrk could not do its work: {said.strip()}"}
    return answer


if __name__ == "__main__":
    json.dump(measure(json.load(sys.stdin)), sys.stdout)
