"""What the path between two hosts carries, asked of iperf3 once; judge nothing.

Reads one JSON object from standard input and prints one:

    {"state": "started", "address", "port"}     on the server's host: iperf3 listens
        {"version", "cpus"}
    {"state": "measured", "address", "port"}    on the generator's
        {"version", "cpus", "samples", "tests": [TEST, ...]}
    {"state": "stopped"}                        on the server's
        {"samples"}

docs/architecture.md says what they hold. What cannot be measured is data: `error` of a TEST, or
{"failed": true, "msg"} where nothing can. iperf3 takes the port of the frameworks, which is free
before the first of them is started and known to be let through.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from load import SAMPLER, sampled
from samples import columns

UNIT = "pipeline-bench-baseline.service"
SAMPLER_UNIT = "pipeline-bench-baseline-sampler.service"
SAMPLES = Path("/run/pipeline-bench/baseline.samples.jsonl")
# By itself, whatever becomes of who started it.
LISTENS_AT_MOST_S = 30
PATIENCE_S = 3.0
# A test ends by itself; this much later it is ended.
GRACE_S = 3.0
# Several streams: one may be held to less than the path carries, and wrk has many connections.
# The packets are as small as HTTP's smallest, and nothing is asked of what becomes of them.
TCP = ("--parallel", "4", "--time", "2")
UDP = ("--parallel", "2", "--time", "1", "--udp", "--length", "64", "--bitrate", "0")
TESTS = (
    ("tcp", "to_server", TCP),
    ("tcp", "from_server", (*TCP, "--reverse")),
    ("udp", "to_server", UDP),
    ("udp", "from_server", (*UDP, "--reverse")),
)
KEPT = ("sum", "sum_sent", "sum_received", "cpu_utilization_percent")


class BaselineError(Exception):
    """Nothing can be measured; a sentence."""


def run(*argv: str, timeout: float = 10) -> subprocess.CompletedProcess[str]:
    """A program's end. Raises BaselineError if it cannot be run or does not end."""
    try:
        return subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BaselineError(f"{argv[0]}: {error}") from error


def about() -> dict[str, Any]:
    """The version of iperf3, and how many CPUs it may use."""
    said = run("iperf3", "--version").stdout.split()
    return {
        "version": said[1] if len(said) > 1 else None,
        "cpus": len(os.sched_getaffinity(0)),
    }


def start(address: str, port: int) -> dict[str, Any]:
    """Have iperf3 listen, and wait until it does."""
    answer = about()
    stop()
    transient = ["systemd-run", "--quiet", "--collect",
                 f"--property=RuntimeMaxSec={LISTENS_AT_MOST_S}"]  # fmt: skip
    for argv in (
        [f"--unit={UNIT}", "--property=DynamicUser=yes",
         "iperf3", "--server", "--bind", address, "--port", str(port)],
        [f"--unit={SAMPLER_UNIT}", sys.executable, str(SAMPLER), "--unit", UNIT,
         "--address", address, "--output", str(SAMPLES)],
    ):  # fmt: skip
        done = run(*transient, *argv)
        if done.returncode != 0:
            raise BaselineError(f"{argv[0]} could not be started: {done.stderr.strip()}")
    deadline = time.monotonic() + PATIENCE_S
    # A connection to try would be taken for a test.
    while not run("ss", "-Hltn", f"sport = :{port}").stdout.strip():
        if time.monotonic() > deadline:
            raise BaselineError(f"iperf3 did not listen within {PATIENCE_S:g} s")
        time.sleep(0.02)
    return answer


def stop() -> dict[str, Any]:
    """End what listens and samples, if anything does, and hand its samples over once."""
    run("systemctl", "stop", UNIT, SAMPLER_UNIT)
    text = columns(SAMPLES)
    SAMPLES.unlink(missing_ok=True)
    return {"samples": text}


def one_test(address: str, port: int, options: tuple[str, ...]) -> dict[str, Any]:
    """One execution of iperf3 against the other host: TEST, but for its name."""
    argv = ["iperf3", "--client", address, "--port", str(port), "--json",
            "--connect-timeout", "2000", *options]  # fmt: skip
    answer: dict[str, Any] = {
        "argv": argv,
        "streams": int(options[1]),
        "started": time.time(),
        "ended": None,
        "error": None,
        "end": None,
    }
    try:
        done = run(*argv, timeout=float(options[3]) + GRACE_S)
        said = json.loads(done.stdout)
        if done.returncode != 0 or "error" in said:
            answer["error"] = f"iperf3: {said.get('error') or done.stderr.strip()}"
        else:
            answer["end"] = {key: said["end"][key] for key in KEPT if key in said["end"]}
    except (BaselineError, ValueError, KeyError) as error:
        answer["error"] = f"iperf3: {error}"
    answer["ended"] = time.time()
    return answer


def measure(address: str, port: int) -> dict[str, Any]:
    """All tests, one after the other, with this host sampled meanwhile."""
    answer = about()
    tests = []
    with sampled(address) as samples:
        for protocol, direction, options in TESTS:
            told = one_test(address, port, options)
            tests.append({"protocol": protocol, "direction": direction, **told})
    return {**answer, "samples": samples["text"], "tests": tests}


def main() -> int:
    wanted = json.load(sys.stdin)
    try:
        if wanted["state"] == "started":
            answer = start(wanted["address"], wanted["port"])
        elif wanted["state"] == "measured":
            answer = measure(wanted["address"], wanted["port"])
        else:
            answer = stop()
    except BaselineError as error:
        answer = {"failed": True, "msg": str(error)}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
