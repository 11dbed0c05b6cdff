"""Verify answers before and while a load tool loads the server; judge nothing.

Run by the driver of the load tools (generator/verification.py) as `python3 probe/under_load.py`,
with open connections to the server as inherited file descriptors. Reads a JSON object a line from
standard input. It answers the first with a line, and prints one JSON object after the last:

    {"address", "port", "depth", "seed", "patience": s, "sockets": [descriptors]}     first, once
        {"seen", "detail", "status", "sizes", "fields", "interim"}, see Alone
    {"phase", "until": unix s, "batches", "depth"}     for each phase, when it begins
        {"seed", "phases": {phase: Phase}, "first_wrong", "first_other"}: WrongAnswer, or null

The batches of a phase are spread evenly over its time. The seed decides what each of them is: byte
for byte what wrk sends, or with paths whose answers differ; on the next connection in turn, or on
one that is opened for it while the load goes on. A server that tells them from the load's knows
neither in advance.

A batch that is not answered in time is not wrong: the server may be slow. One whose connection ends
is not wrong, either: the load tool counts that on all of its own. Nor is a refusal (a status above
399), which the load tool counts, too.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import TypedDict

import beside  # noqa: F401
from classify import Classification, classify
from connection import Connection
from host.answers import Answer
from request import Request, Writer

WRONG = ("wrong body", "out of order", "too many", "not HTTP")
"""Classes of docs/probe.md that no load explains, and that the load tool does not count itself."""
OTHER = "wrong answer"
"""Another status than was right; that of the ceiling, which reads no path, is nearly always."""
REFUSED = 400
"""Statuses from here on are errors to the load tool."""
AS_WRK = 0.5
ANEW = 0.3
"""Shares of the batches that are wrk's, and that have a connection of their own."""
LAST_AT = 0.9  # of a phase's time: the last batch needs some to be answered
RETRY_S = 0.05


class Alone(TypedDict):
    """How a batch as wrk's was answered before the load, on a connection that is kept.

    seen, detail: the class. The others are None or empty without an answer: status; sizes of all
    answers in bytes; names of the header fields that every one of them has; statuses of the
    informational answers before the first.
    """

    seen: str
    detail: str
    status: int | None
    sizes: list[int]
    fields: list[str]
    interim: list[int]


class Phase(TypedDict):
    """What happened in one phase; all are counts, but for least and most.

    as_wrk: answered requests of batches that were byte for byte wrk's; least, most: bytes of the
    right answers to those, None without one. statuses: those that were not the right ones.
    """

    opened: int
    batches: int
    requests: int
    answered: int
    wrong: int
    other: int
    as_wrk: int
    least: int | None
    most: int | None
    statuses: dict[str, int]


class WrongAnswer(TypedDict):
    """The first wrong answer: when, and what it was, with its first bytes."""

    at: float
    phase: str
    seen: str
    detail: str


class Verified(TypedDict):
    """What is printed; phases by their name."""

    seed: int
    phases: dict[str, Phase]
    first_wrong: WrongAnswer | None
    first_other: WrongAnswer | None


class Verifier:
    """Some connections to the server, asked in turn."""

    def __init__(self, address: str, port: int, sockets: list[int], seed: int) -> None:
        self.place = (address, port)
        self.write = Writer(address, port, seed=seed)
        self.draw = self.write.random
        self.connections: list[Connection | None] = [
            Connection(socket.socket(fileno=number), 0) for number in sockets
        ] or [None]
        self.phases: dict[str, Phase] = {}
        self.first_wrong: WrongAnswer | None = None
        self.first_other: WrongAnswer | None = None
        self.turn = 0

    def alone(self, depth: int, patience: float) -> Alone:
        """Ask two batches as wrk's on one connection, before the load."""
        deadline = time.monotonic() + patience
        connection = connect(self.place, patience)
        if connection is None:
            return {
                "seen": "unreachable", "detail": "no connection", "status": None, "sizes": [],
                "fields": [], "interim": [],
            }  # fmt: skip
        answers: list[Answer] = []
        with connection:
            for _ in range(2):
                result = ask(connection, self.as_wrk(depth), deadline)
                answers += connection.answers
                if result.label != "full" or connection.end is not None:
                    break
        names = frozenset.intersection(*(one.fields for one in answers)) if answers else frozenset()
        return {
            "seen": result.label,
            "detail": result.detail,
            "status": answers[0].status if answers else None,
            "sizes": [one.size for one in answers],
            "fields": sorted(names),
            "interim": sorted(answers[0].interim) if answers else [],
        }

    def verify(self, name: str, until: float, batches: int, depth: int) -> None:
        """Ask so many batches until a moment (unix s), evenly."""
        phase: Phase = {
            "opened": 0, "batches": 0, "requests": 0, "answered": 0, "wrong": 0, "other": 0,
            "as_wrk": 0, "least": None, "most": None, "statuses": {},
        }  # fmt: skip
        self.phases[name] = phase
        began, deadline = time.monotonic(), time.monotonic() + until - time.time()
        for at in moments(began, deadline, batches):
            time.sleep(max(0.0, at - time.monotonic()))
            if time.monotonic() >= deadline:
                break
            self.verify_batch(name, phase, depth, deadline)

    def as_wrk(self, depth: int) -> list[Request]:
        return [self.write.get() for _ in range(depth)]

    def mixed(self, depth: int) -> list[Request]:
        """Some of them ask for what is not there: at least one, and not all unless it is alone."""
        missing = [self.draw.random() < 0.5 for _ in range(depth)]
        if depth > 1:
            one, another = self.draw.sample(range(depth), 2)
            missing[one], missing[another] = True, False
        else:
            missing = [True]
        return [self.write.get(missing=one) for one in missing]

    def verify_batch(self, name: str, phase: Phase, depth: int, deadline: float) -> None:
        as_wrk, anew = self.draw.random() < AS_WRK, self.draw.random() < ANEW
        requests = self.as_wrk(depth) if as_wrk else self.mixed(depth)
        slot = self.turn % len(self.connections)
        self.turn += 1
        connection = None if anew else self.connections[slot]
        if connection is None:
            connection = connect(self.place, deadline - time.monotonic())
            phase["opened"] += connection is not None
        if connection is None:
            time.sleep(RETRY_S)
            return
        result = ask(connection, requests, deadline)
        self.count(name, phase, requests, connection, result)
        if as_wrk:
            count_as_wrk(phase, connection.answers)
        if anew or result.label != "full" or connection.end is not None:
            connection.tcp.close()
            connection = None
        if not anew:
            self.connections[slot] = connection

    def count(
        self,
        name: str,
        phase: Phase,
        requests: list[Request],
        connection: Connection,
        result: Classification,
    ) -> None:
        phase["batches"] += 1
        phase["requests"] += len(requests)
        phase["answered"] += min(result.answered or 0, len(requests))
        others = Counter(
            answer.status
            for request, answer in zip(requests, connection.answers)
            if answer.status not in request.statuses
        )
        for status, count in others.items():
            phase["statuses"][str(status)] = phase["statuses"].get(str(status), 0) + count
        first: WrongAnswer = {
            "at": time.time(),
            "phase": name,
            "seen": result.label,
            "detail": result.detail,
        }
        if result.label in WRONG:
            phase["wrong"] += 1
            self.first_wrong = self.first_wrong or first
        elif result.label == OTHER and others and min(others) < REFUSED:
            phase["other"] += 1
            self.first_other = self.first_other or first

    def document(self) -> Verified:
        return {
            "seed": self.write.seed,
            "phases": self.phases,
            "first_wrong": self.first_wrong,
            "first_other": self.first_other,
        }


def count_as_wrk(phase: Phase, answers: list[Answer]) -> None:
    sizes = [answer.size for answer in answers if answer.status == 200]
    phase["as_wrk"] += len(answers)
    if sizes:
        phase["least"] = min([*sizes, *([phase["least"]] if phase["least"] else [])])
        phase["most"] = max([*sizes, phase["most"] or 0])


def connect(place: tuple[str, int], patience: float) -> Connection | None:
    """A new connection; None if there is none."""
    try:
        return Connection(socket.create_connection(place, timeout=max(0.01, patience)), 0)
    except OSError:
        return None


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
    verifier = Verifier(order["address"], order["port"], order["sockets"], order["seed"])
    print(json.dumps(verifier.alone(order["depth"], order["patience"])), flush=True)
    for line in sys.stdin:
        phase = json.loads(line)
        verifier.verify(phase["phase"], phase["until"], phase["batches"], phase["depth"])
    json.dump(verifier.document(), sys.stdout)


if __name__ == "__main__":
    main()
