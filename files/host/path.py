"""The capacity of the path between two hosts, asked of iperf3 once; judge nothing.

Run in the folder above as `python3 -m host.path`, with an order (orders.py):

    {"state": "started", "address", "port"}     on the server's host: iperf3 listens
        {"ready": true, "version", "cpus"}
    {"state": "measured", "address", "port", "user": as throw_away.py says}    on the generator's
        {"version", "cpus", "samples", "tests": [...], "uid"}
    {"state": "stopped"}                        on the server's
        {"samples"}

The classes PathHost and PathTest of pipebench/record/schema.py say what they hold. What cannot be
measured is data: `error` of a test, or {"failed": true, "msg"} if nothing can be. iperf3 listens on
the port of the frameworks, which is free before the first of them is started and known to be let
through.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TypedDict

from host.orders import obey
from host.samples import columns
from host.sampling import PROGRAMS, sampled, sampler
from host.throw_away import carry_out
from host.transient import TransientError, answer_order, run, start_unit
from host.units import end_all

UNIT = "pipeline-bench-path.service"
SAMPLER_UNIT = "pipeline-bench-path-sampler.service"
# No framework's name has an underscore, so this is not the file of one.
SAMPLES = Path("/run/pipeline-bench/path_capacity.samples.jsonl")
PATIENCE_S = 3.0
# A test ends by itself; this much later it is ended.
GRACE_S = 3.0
# All tests together, and what surrounds them.
AT_MOST_S = 60
# Several streams: one may be held to less than the path carries, and a load tool has many
# connections. The packets are as small as HTTP's smallest, and it does not matter if they are lost.
TCP = ("--parallel", "4", "--time", "2")
UDP = ("--parallel", "2", "--time", "1", "--udp", "--length", "64", "--bitrate", "0")
TESTS = (
    ("tcp", "to_server", TCP),
    ("tcp", "from_server", (*TCP, "--reverse")),
    ("udp", "to_server", UDP),
    ("udp", "from_server", (*UDP, "--reverse")),
)
KEPT = ("sum", "sum_sent", "sum_received", "cpu_utilization_percent")


class About(TypedDict):
    """The version of iperf3, and how many CPUs it may use."""

    version: str | None
    cpus: int


class Started(About):
    """What is printed once iperf3 listens."""

    ready: bool


class Execution(TypedDict):
    """One execution of iperf3. started, ended: unix s."""

    argv: list[str]
    streams: int
    started: float
    ended: float
    error: str | None
    end: dict[str, Any] | None


class Test(Execution):
    """The class PathTest of pipebench/record/schema.py."""

    protocol: str
    direction: str


class Measured(About):
    """What is printed of all tests."""

    samples: str
    tests: list[Test]


def about() -> About:
    words = run("iperf3", "--version").stdout.split()
    return {
        "version": words[1] if len(words) > 1 else None,
        "cpus": len(os.sched_getaffinity(0)),
    }


def start(address: str, port: int) -> Started:
    """Have iperf3 listen, and wait until it does."""
    answer: Started = {"ready": True, **about()}
    end_all()
    iperf3 = ["iperf3", "--server", "--bind", address, "--port", str(port)]
    options = ("--unit", UNIT, "--address", address, "--output", str(SAMPLES))
    start_unit(UNIT, "--property=DynamicUser=yes", *iperf3)
    start_unit(SAMPLER_UNIT, f"--working-directory={PROGRAMS}", *sampler(*options))
    deadline = time.monotonic() + PATIENCE_S
    # A connection to try would be taken for a test.
    while not run("ss", "-Hltn", f"sport = :{port}").stdout.strip():
        if time.monotonic() > deadline:
            raise TransientError(f"iperf3 did not listen within {PATIENCE_S:g} s")
        time.sleep(0.02)
    return answer


def stop() -> dict[str, str]:
    """End what listens and samples, if anything does, and hand its samples over once."""
    run("systemctl", "stop", UNIT, SAMPLER_UNIT)
    samples = columns(SAMPLES)
    SAMPLES.unlink(missing_ok=True)
    return {"samples": samples}


def execute(address: str, port: int, options: tuple[str, ...]) -> Execution:
    """Run iperf3 once against the other host."""
    argv = ["iperf3", "--client", address, "--port", str(port), "--json",
            "--connect-timeout", "2000", *options]  # fmt: skip
    started = time.time()
    error, end = None, None
    try:
        done = run(*argv, timeout=float(options[3]) + GRACE_S)
        answer = json.loads(done.stdout)
        if done.returncode != 0 or "error" in answer:
            error = f"iperf3: {answer.get('error') or done.stderr.strip()}"
        else:
            end = {key: answer["end"][key] for key in KEPT if key in answer["end"]}
    except (TransientError, ValueError, KeyError) as fault:
        error = f"iperf3: {fault}"
    return {
        "argv": argv,
        "streams": int(options[1]),
        "started": started,
        "ended": time.time(),
        "error": error,
        "end": end,
    }


def measure(address: str, port: int) -> Measured:
    """Run all tests, one after the other, with this host sampled meanwhile."""
    version = about()
    tests: list[Test] = []
    with sampled(address) as sampling:
        for protocol, direction, options in TESTS:
            execution = execute(address, port, options)
            tests.append({"protocol": protocol, "direction": direction, **execution})
    return {**version, "samples": sampling.text, "tests": tests}


def answer_to(order: dict[str, Any]) -> object:
    """Do what was read, and say what is printed."""
    if order["state"] == "measured":
        return carry_out(
            "host.path", order, AT_MOST_S, lambda given: measure(given["address"], given["port"])
        )
    return answer_order(order, start, measure, stop)


if __name__ == "__main__":
    sys.exit(obey(answer_to))
