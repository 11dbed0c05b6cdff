"""h2load with HTTP/1.1: a second opinion, and latencies at a constant rate."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypedDict

from generator.tool import LoadTool

# h2load looks at a connection's clock this often, or once a request if these are rarer.
TICK_S = 0.01
# With a rate: no answer may hold a request back, so that many may be under way on a connection.
ENDLESS_DEPTH = 100_000
# With a rate: what is sent this long after the first is in the histogram, so that connections that
# wait to be accepted are not.
SETTLE_US = 500_000
SLOT_US = 10_000


class Closed(TypedDict):
    """The log of a closed loop, counted; the histogram is of (latency in us, count)."""

    responses: int
    statuses: dict[str, int]
    histogram: list[tuple[int, int]]


class Paced(Closed):
    """The same of a constant rate; requests sent and answered in every slot since the first."""

    settle_us: int
    slot_us: int
    sent: list[int]
    answered: list[int]


class Tool(LoadTool):
    """Keeps `depth` requests under way on each connection, or sends by the clock at a rate."""

    # With a rate it waits for the last answer, which may never come.
    grace_s = 5
    waits_for_answers = True

    def warm_up(self, files: Path) -> list[str]:
        return self.command(self.closed(self.order.warmup), files)

    def measurement(self, files: Path) -> list[str]:
        seconds, rate = self.order.duration, self.order.rate
        return self.command(self.paced(rate, seconds) if rate else self.closed(seconds), files)

    def command(self, options: list[str], files: Path) -> list[str]:
        return ["h2load", "--h1", *options, f"--log-file={files / 'log'}", self.order.url]

    def closed(self, seconds: int) -> list[str]:
        """As many requests under way as wrk has: `depth` on each of the same connections."""
        order = self.order
        return [f"-t{order.threads}", f"-c{order.connections}", f"-m{order.depth}", f"-D{seconds}"]

    def paced(self, rate: float, seconds: int) -> list[str]:
        """The rate shared among the connections, which begin one after the other within a tick:
        else all their clocks would strike together. One thread, so that there is one clock."""
        connections = self.order.connections
        each = rate / connections
        tick_ms = max(TICK_S, 1 / each) * 1000
        return [
            "-t1",
            f"-c{connections}",
            f"-m{ENDLESS_DEPTH}",
            f"-n{max(connections, round(rate * seconds))}",
            f"-r{math.ceil(connections / min(tick_ms, 1000))}",
            "--rate-period=1ms",
            f"--rps={each:.6f}",
        ]

    def result(self, files: Path) -> str | None:
        """What pipebench/tools/h2load.py reads as Result, from the log."""
        log = files / "log"
        if not log.exists():
            return None
        if self.order.rate:
            return json.dumps(paced_histogram(lambda: whole_lines(log)))
        return json.dumps(histogram(whole_lines(log)))


def histogram(lines: Iterable[bytes]) -> Closed:
    """A log of h2load (start in us, status, latency in us; a line a response) for a closed loop."""
    latencies: Counter[bytes] = Counter()
    statuses: Counter[bytes] = Counter()
    for line in lines:
        _, status, latency = line.split(b"\t")
        latencies[latency] += 1
        statuses[status] += 1
    return {
        "responses": sum(statuses.values()),
        "statuses": {
            status.decode(errors="replace"): count for status, count in sorted(statuses.items())
        },
        "histogram": sorted((int(value), count) for value, count in latencies.items()),
    }


def paced_histogram(read: Callable[[], Iterable[bytes]]) -> Paced:
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

    settled_counts = histogram(settled())
    slots = max(answered, default=-1) + 1
    return {
        **settled_counts,
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
