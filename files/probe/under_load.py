"""Verify answers while a load tool loads the server; judge nothing.

Run by the driver of the load tools (generator/verification.py) as `python3 probe/under_load.py`,
with open connections to the server as inherited file descriptors. Reads a JSON object a line from
standard input, and prints one JSON object after the last:

    {"address", "port", "depth", "sockets": [descriptors]}     first, once
    {"phase", "until": unix s, "batches", "depth"}     for each phase, when it begins
        {"phases": {phase: {"opened", "batches", "requests", "answered", "wrong"}},
         "first_wrong": null or {"at": unix s, "phase", "seen", "detail"}}

The batches of a phase are spread evenly over its time, each on the next connection in turn, with
paths whose answers differ. A batch that is not answered in time is not wrong: the server may be
slow. One whose connection ends is not wrong, either: the load tool counts that on all of its own.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Iterator
from typing import TypedDict

import beside  # noqa: F401
from classify import Classification, classify
from connection import Connection
from request import Request, Writer

WRONG = ("wrong body", "out of order", "too many", "not HTTP")
"""Classes of docs/probe.md that no load explains, and that the load tool does not count itself."""
LAST_AT = 0.9  # of a phase's time: the last batch needs some to be answered
RETRY_S = 0.05


class Phase(TypedDict):
    """What happened in one phase; all are counts."""

    opened: int
    batches: int
    requests: int
    answered: int
    wrong: int


class WrongAnswer(TypedDict):
    """The first wrong answer: when, and what it was, with its first bytes."""

    at: float
    phase: str
    seen: str
    detail: str


class Verified(TypedDict):
    """What is printed; phases by their name."""

    phases: dict[str, Phase]
    first_wrong: WrongAnswer | None


class Verifier:
    """Some connections to the server, asked in turn."""

    def __init__(self, address: str, port: int, sockets: list[int]) -> None:
        self.place = (address, port)
        self.write = Writer(address, port)
        self.connections: list[Connection | None] = [
            Connection(socket.socket(fileno=number), 0) for number in sockets
        ] or [None]
        self.phases: dict[str, Phase] = {}
        self.first_wrong: WrongAnswer | None = None
        self.turn = 0

    def verify(self, name: str, until: float, batches: int, depth: int) -> None:
        """Ask so many batches until a moment (unix s), evenly."""
        phase: Phase = {"opened": 0, "batches": 0, "requests": 0, "answered": 0, "wrong": 0}
        self.phases[name] = phase
        began, deadline = time.monotonic(), time.monotonic() + until - time.time()
        for at in moments(began, deadline, batches):
            time.sleep(max(0.0, at - time.monotonic()))
            if time.monotonic() >= deadline:
                break
            self.verify_batch(name, phase, self.requests(depth), deadline)

    def requests(self, depth: int) -> list[Request]:
        """One alone has no order; then every other batch asks for what is not there."""
        if depth == 1:
            return [self.write.get(missing=self.turn % 2 == 1)]
        return self.write.mixed(depth)

    def verify_batch(
        self, name: str, phase: Phase, requests: list[Request], deadline: float
    ) -> None:
        slot = self.turn % len(self.connections)
        self.turn += 1
        connection = self.connections[slot] or self.connect(phase, deadline)
        self.connections[slot] = connection
        if connection is None:
            time.sleep(RETRY_S)
            return
        result = ask(connection, requests, deadline)
        phase["batches"] += 1
        phase["requests"] += len(requests)
        phase["answered"] += min(result.answered or 0, len(requests))
        if result.label in WRONG:
            phase["wrong"] += 1
            self.first_wrong = self.first_wrong or {
                "at": time.time(),
                "phase": name,
                "seen": result.label,
                "detail": result.detail,
            }
        if result.label != "full" or connection.end is not None:
            connection.tcp.close()
            self.connections[slot] = None

    def connect(self, phase: Phase, deadline: float) -> Connection | None:
        """A new connection; None if there is none."""
        try:
            left = max(0.01, deadline - time.monotonic())
            tcp = socket.create_connection(self.place, timeout=left)
        except OSError:
            return None
        phase["opened"] += 1
        return Connection(tcp, deadline)

    def document(self) -> Verified:
        return {"phases": self.phases, "first_wrong": self.first_wrong}


def moments(began: float, deadline: float, count: int) -> Iterator[float]:
    """When to ask: evenly, the last at LAST_AT of the time."""
    for number in range(1, count + 1):
        yield began + (deadline - began) * LAST_AT * number / count


def ask(connection: Connection, requests: list[Request], deadline: float) -> Classification:
    """Ask a batch on a connection that was asked before, and class its answers alone."""
    connection.asked, connection.answers = [], []
    connection.deadline = deadline
    patience = max(0.0, deadline - time.monotonic())
    connection.ask(requests, patience)
    return classify(connection, patience)


def main() -> None:
    order = json.loads(sys.stdin.readline())
    verifier = Verifier(order["address"], order["port"], order["sockets"])
    for line in sys.stdin:
        phase = json.loads(line)
        verifier.verify(phase["phase"], phase["until"], phase["batches"], phase["depth"])
    json.dump(verifier.document(), sys.stdout)


if __name__ == "__main__":
    main()
