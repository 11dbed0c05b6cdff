"""Drive one server with h2load, as load.py does with wrk, and write down what happened.

Reads one JSON object from standard input and prints one, as load.py:

    {"address", "port", "depth", "connections", "threads", "duration", "warmup", "patience",
     "rate": requests per second of all connections together, or null}
        {"cpus", "ready_error", "samples", "warmup", "measured"}

Without a rate every connection keeps `depth` requests under way. With one, each connection sends
when its clock says so, whatever is under way. docs/architecture.md says what the answers are.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from load import PAUSE_S, begin, sampled, url_host, wait

# In memory: h2load writes a line a response, and waits for it.
LOG_FOLDER = Path("/run/pipeline-bench")
# h2load looks at a connection's clock this often, or once a request where these are rarer.
TICK_S = 0.01
# With a rate: no answer may hold a request back, so that many may be under way on a connection.
ENDLESS_DEPTH = 100_000
# With a rate: what is sent this long after the first is in the histogram, so that connections that
# wait to be accepted are not.
SETTLE_US = 500_000
SLOT_US = 10_000
# With a rate it waits for the last answer, which may never come; this much later it is ended.
GRACE_S = 5


def closed_argv(wanted: dict[str, Any], seconds: int) -> list[str]:
    """As many requests under way as wrk has: `depth` on each of the same connections."""
    return [
        "h2load",
        "--h1",
        f"-t{wanted['threads']}",
        f"-c{wanted['connections']}",
        f"-m{wanted['depth']}",
        f"-D{seconds}",
    ]


def paced_argv(wanted: dict[str, Any], seconds: int) -> list[str]:
    """The rate shared among the connections, which begin one after the other within a tick: else
    all their clocks would strike together. One thread, so that there is one clock."""
    connections = wanted["connections"]
    each = wanted["rate"] / connections
    tick_ms = max(TICK_S, 1 / each) * 1000
    return [
        "h2load",
        "--h1",
        "-t1",
        f"-c{connections}",
        f"-m{ENDLESS_DEPTH}",
        f"-n{max(connections, round(wanted['rate'] * seconds))}",
        f"-r{math.ceil(connections / min(tick_ms, 1000))}",
        "--rate-period=1ms",
        f"--rps={each:.6f}",
    ]


def histogram(lines: Iterable[bytes]) -> dict[str, Any]:
    """A log of h2load (start in us, status, latency in us; a line a response) for a closed loop."""
    latencies: Counter[bytes] = Counter()
    statuses: Counter[bytes] = Counter()
    for line in lines:
        _, status, latency = line.split(b"\t")
        latencies[latency] += 1
        statuses[status] += 1
    return {
        "responses": sum(statuses.values()),
        "statuses": {status.decode(): count for status, count in sorted(statuses.items())},
        "histogram": sorted((int(value), count) for value, count in latencies.items()),
    }


def paced_histogram(read: Callable[[], Iterable[bytes]]) -> dict[str, Any]:
    """The same for a constant rate: without what was sent in the first moments, and with how many
    requests were sent and answered in every 10 ms since the first was sent.

    Reads the log twice: it is in the order of the answers, and may not fit into memory.
    """
    first = min((int(line.split(b"\t", 1)[0]) for line in read()), default=0)
    sent: Counter[int] = Counter()
    answered: Counter[int] = Counter()

    def settled() -> Iterator[bytes]:
        for line in read():
            start, _, latency = line.split(b"\t")
            since = int(start) - first
            sent[since // SLOT_US] += 1
            answered[(since + int(latency)) // SLOT_US] += 1
            if since >= SETTLE_US:
                yield line

    found = histogram(settled())
    slots = max(answered, default=-1) + 1
    return {
        **found,
        "responses": sum(answered.values()),
        "settle_us": SETTLE_US,
        "slot_us": SLOT_US,
        "sent": [sent[slot] for slot in range(slots)],
        "answered": [answered[slot] for slot in range(slots)],
    }


def whole_lines(log: Path) -> Iterator[bytes]:
    """A disk that is full cuts a line short; that some are missing is seen by their number."""
    with log.open("rb") as lines:
        for line in lines:
            if line.count(b"\t") == 2 and line.endswith(b"\n"):
                yield line


def run_h2load(command: list[str], url: str, seconds: int, *, paced: bool) -> dict[str, Any]:
    """One execution: H2LOAD of docs/architecture.md.

    Raises OSError if it cannot be started.
    """
    there = LOG_FOLDER if LOG_FOLDER.is_dir() else None
    with tempfile.TemporaryDirectory(dir=there) as folder:
        log, out, err = (Path(folder, name) for name in ("log", "stdout", "stderr"))
        command = [*command, f"--log-file={log}", url]
        with out.open("wb") as stdout, err.open("wb") as stderr:
            started = time.time()
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env={**os.environ, "LC_ALL": "C"},
            )
            status, usage = wait(process, seconds + GRACE_S)
            ended = time.time()
        result = None
        if log.exists() and paced:
            result = paced_histogram(lambda: whole_lines(log))
        elif log.exists():
            result = histogram(whole_lines(log))
        return {
            "argv": command,
            # Where it had to be ended, the server owed it answers: that is data, no fault of ours.
            "exit_status": -9 if status is None else status,
            "started": started,
            "ended": ended,
            "cpu_s": None if usage is None else usage.ru_utime + usage.ru_stime,
            "stdout": out.read_text(errors="replace"),
            "stderr": err.read_text(errors="replace"),
            "result": json.dumps(result),
        }


def measure(wanted: dict[str, Any]) -> dict[str, Any]:
    """Warm up and measure; what is printed."""
    answer = begin(wanted)
    if answer["ready_error"] is not None:
        return answer
    url = f"http://{url_host(wanted['address'])}:{wanted['port']}/"
    paced = bool(wanted.get("rate"))
    try:
        with sampled(wanted["address"]) as samples:
            seconds = wanted["warmup"]
            if seconds:
                warmup = run_h2load(closed_argv(wanted, seconds), url, seconds, paced=False)
                answer["warmup"] = warmup | {"result": None}
            time.sleep(PAUSE_S)
            seconds = wanted["duration"]
            command = paced_argv(wanted, seconds) if paced else closed_argv(wanted, seconds)
            answer["measured"] = run_h2load(command, url, seconds, paced=paced)
        answer["samples"] = samples["text"]
    except (OSError, ValueError) as error:
        return answer | {"failed": True, "msg": f"h2load could not be run: {error}"}
    return answer


if __name__ == "__main__":
    json.dump(measure(json.load(sys.stdin)), sys.stdout)
