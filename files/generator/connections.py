"""What the kernel knows of every connection of the load, asked once before they are closed."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

from generator.tool import Order

# Before the load's time is over: `ss` takes a few ms, or more while the load takes every CPU.
BEFORE_END_S = 0.2
# What came so lately comes still.
LATELY_MS = 1000
# A counter that is 0 is not printed.
COUNTERS = ("bytes_received", "lastsnd", "lastrcv")


class Connections(TypedDict):
    """As pipebench/record/schema.py has them: columns, a connection each, by the bytes received."""

    at: float
    received_bytes: list[int]
    last_sent_ms: list[int]
    last_received_ms: list[int]


class Snapshot:
    """One snapshot; `text` is it as JSON, or null if none was taken."""

    text = "null"

    def __init__(self, order: Order, other: int) -> None:
        self.order, self.other = order, other

    def take(self) -> None:
        besides = socket_inodes(self.other)
        self.text = json.dumps(connections_to(self.order.place, besides))


@contextmanager
def snapshot(order: Order, seconds: float, other: int) -> Iterator[Snapshot]:
    """Take a snapshot shortly before so many seconds have passed, if the body runs so long.

    other: the process whose connections are not the load's.
    """
    taken = Snapshot(order, other)
    timer = threading.Timer(max(0.0, seconds - BEFORE_END_S), taken.take)
    timer.start()
    try:
        yield taken
    finally:
        timer.cancel()
        timer.join()


def connections_to(place: str, besides: set[int]) -> Connections | None:
    """Every established connection from here to a server; None if `ss` cannot tell.

    place: its address and port, as Order has them. besides: inodes of sockets that are left out.
    """
    shown = established(place)
    if shown is None:
        return None
    at = time.time()
    lines = [line for line in shown if counter(line, "ino") not in besides]
    rows = sorted(tuple(counter(line, name) for name in COUNTERS) for line in lines)
    received, sent_ms, received_ms = zip(*rows) if rows else ((), (), ())
    return {
        "at": at,
        "received_bytes": list(received),
        "last_sent_ms": list(sent_ms),
        "last_received_ms": list(received_ms),
    }


def established(place: str) -> list[str] | None:
    """A line for each connection from here to a server; None if `ss` cannot tell."""
    done = subprocess.run(
        ["ss", "-tinOHe", "state", "established", "dst", place],
        capture_output=True,
        errors="replace",
        check=False,
    )
    return done.stdout.splitlines() if done.returncode == 0 else None


def receives(pid: int, place: str) -> bool | None:
    """Whether a server still sends to a process; None if `ss` cannot tell."""
    own, shown = socket_inodes(pid), established(place)
    if shown is None:
        return None
    lines = [line for line in shown if counter(line, "ino") in own]
    return any(counter(line, "lastrcv") < LATELY_MS for line in lines)


def counter(line: str, name: str) -> int:
    """A number of one line of `ss`."""
    found = re.search(rf"\b{name}:(\d+)", line)
    return int(found[1]) if found else 0


def socket_inodes(pid: int) -> set[int]:
    """The sockets of a process; none once it has ended."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink()))
        except OSError:  # closed meanwhile
            continue
        if found:
            inodes.add(int(found[1]))
    return inodes
