"""The case of a client that asks and reads nothing: does the server go on taking requests?

TCP tells a server that its client does not read: what it writes is not taken any more. One that
reads on keeps each answer in its memory. All is bounded here: requests, and time.
"""

from __future__ import annotations

import os
import select
import time
from pathlib import Path

from classify import Classification, Unread, fault
from connection import Connection
from request import Request
from target import Target

MOST_REQUESTS = 100_000
WINDOW = 16_384
"""Bytes that the kernel here keeps for the connection, each way: it shall fill soon."""
STOPPED = 0.25
"""The share of a timeout in which nothing more is taken: then the server has stopped reading."""
SHARE = 1.0
"""Of a timeout, for all of it."""
ASK_EVERY_S = 0.05
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
KEPT_SHARE = 0.25
"""Of what was not read, in the memory of a server that keeps it: the rest may be in the kernel, and
the memory may have had room."""


def unread(target: Target) -> Classification:
    """Write on one connection and read nothing; ask on others whether they are served."""
    request = target.write.get()
    size, others = answer_size(target, request)
    if size is None:
        return others
    before = resident_bytes(target.pid)
    with target.connect(WINDOW) as silent:
        flood = Flood(silent, request, target)
        starved = flood.run()
        after = resident_bytes(target.pid)
    count = flood.sent // len(request.data)
    growth = None if before is None or after is None else max(0, after - before)
    seen: Unread = {
        "requests": count,
        "bytes": flood.sent,
        "answer_bytes": count * size,
        "stopped": flood.stopped,
        "memory_bytes": growth,
    }
    return judged(seen, starved)._replace(unread=seen)


def answer_size(target: Target, request: Request) -> tuple[int | None, Classification]:
    """Bytes of one answer on the wire, and the classification if there is none."""
    with target.connect() as connection:
        connection.ask([request], target.patience)
        if connection.answers:
            return connection.answers[0].size, Classification("full", 1, 1, "", True)
    return None, Classification("hangs", 0, 1, "not one request was answered", False)


class Flood:
    """Writes requests to a connection that nobody reads. sent: bytes that were taken.

    stopped: nothing was taken for a while, or the server has ended the connection.
    """

    def __init__(self, silent: Connection, request: Request, target: Target) -> None:
        self.tcp, self.request, self.target = silent.tcp, request, target
        self.sent = 0
        self.stopped = False

    def run(self) -> str:
        """Write until the server stops, all is sent or the time is up; what others met, or ""."""
        target, total = self.target, MOST_REQUESTS * len(self.request.data)
        block = self.request.data * 1000
        began = last = asked = time.monotonic()
        trouble = ""
        while self.sent < total and not self.stopped and not trouble:
            now = time.monotonic()
            if now - began >= SHARE * target.timeout or target.time_is_up():
                break
            if now - asked >= ASK_EVERY_S:
                trouble, asked = self.others(), time.monotonic()
                last += asked - now  # nothing was offered meanwhile
                continue
            _, writable, _ = select.select([], [self.tcp], [], ASK_EVERY_S)
            at = self.sent % len(block)
            count = self.offer(block[at : at + total - self.sent]) if writable else 0
            if count:
                self.sent += count
                last = time.monotonic()
            elif time.monotonic() - last >= STOPPED * target.timeout:
                self.stopped = True
        return trouble or self.others()

    def offer(self, data: bytes) -> int:
        try:
            return self.tcp.send(data)
        except BlockingIOError:
            return 0
        except OSError:  # the server has ended the connection
            self.stopped = True
            return 0

    def others(self) -> str:
        """Ask on another connection: a sentence if it is not served."""
        with self.target.connect() as other:
            other.ask([self.request], self.target.patience)
            if not other.answers:
                return "another connection was not answered meanwhile"
            wrong = fault(self.request, other.answers[0])
            return f"on another connection meanwhile: {wrong[1]}" if wrong else ""


def judged(seen: Unread, starved: str) -> Classification:
    """A classification of what was taken, and what others met."""
    taken = f"took {seen['requests']:,} requests of a client that reads nothing"
    if starved:
        return Classification("starves", 0, 1, f"{taken}; {starved}", False)
    growth = seen["memory_bytes"]
    detail = f"{taken}, and then no more" if seen["stopped"] else f"{taken}, and did not stop"
    if growth is not None:
        detail += f"; its memory grew by {growth:,} bytes"
    if seen["stopped"]:
        return Classification("full", 1, 1, detail, True)
    if growth is None:
        return Classification("takes all", 1, 1, detail, None)
    if growth < KEPT_SHARE * seen["answer_bytes"]:
        return Classification("full", 1, 1, detail, True)
    return Classification("unbounded", 1, 1, detail, False)


def resident_bytes(pid: int | None) -> int | None:
    """Resident memory of a process and all that it started, as long as it has not ended."""
    if pid is None:
        return None
    sizes = []
    for one in (pid, *descendants(pid)):
        try:
            pages = (
                Path(f"/proc/{one}/statm").read_text(encoding="ascii", errors="replace").split()[1]
            )
        except (OSError, IndexError):  # it has ended
            continue
        sizes.append(int(pages) * PAGE_BYTES)
    return sum(sizes) if sizes else None


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and those that these started."""
    children = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children += [
                int(one) for one in task.read_text(encoding="ascii", errors="replace").split()
            ]
        except OSError:
            continue
    return children + [one for child in children for one in descendants(child)]
