"""A server whose truth is known: BEHAVIOUR in its environment says what it does.

One thread, one epoll, plain sockets, standard library only. Each batch is answered at its own
deadline, counted from when the kernel had it and held by a timerfd, with as little spinning as
that takes: a server that only waits must look idle. A batch is what one connection has sent by
its deadline, so that one cut into several TCP segments stays one batch.

BEHAVIOUR is JSON, of which all is optional; without it, every batch is answered rightly:

    {"delay": {"kind": "constant", "ms": 40}}   from a batch's first request to its answer; DELAYS
    {"delays": [{...}, {...}]}                  instead: one for each connection, in turn
    {"rate": 5000}                              instead: requests a second, over all connections
    {"fault": {"kind": "partial", "answers": 1}}    what is wrong with every batch; FAULTS
    {"when": {"kind": "while-open", "more_than": 12}}   only then it is wrong; WHENS
    {"ends": {"by": "abort", "after_s": 2.5}}       abort, or restart, so long after the load began

A load begins when LOAD_CONNECTIONS are open at once, and ends when fewer are: a probe or a question
whether the server is ready starts no clock. `delay` and `ends` count from the first load. A request
with `Connection: close` is always answered rightly, because that is how readiness is asked; only a
server that hangs leaves it unanswered too.
"""

from __future__ import annotations

import contextlib
import gc
import heapq
import json
import os
import random
import select
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from faults import FAULTS, WHENS, After, Batch, Fault, Load, only_when, right
from launch import bound_socket, settings
from messages import Request, take

# Longer than any network cuts a batch apart, short enough to be no delay that matters.
GATHER_MS = 3

# Linux's number, not in the socket module: when the kernel had it, as a timespec beside the data.
SO_TIMESTAMPNS = 35
TIMESPEC = struct.Struct("@ll")
NOTES_SIZE = socket.CMSG_SPACE(TIMESPEC.size)
# More than it can have waited here: the clock was set, or the time is not there.
MOST_AGE_S = 0.1


# ---- how long a batch takes: seconds, from the seconds since the load began

Delay = Callable[[float], float]


def constant(ms: float) -> Delay:
    return lambda _loaded_s: ms / 1000


def uniform(low_ms: float, high_ms: float, seed: int) -> Delay:
    draw = random.Random(seed)  # noqa: S311 (a distribution, not a secret)
    return lambda _loaded_s: draw.uniform(low_ms, high_ms) / 1000


def mixed(ms: list[float], shares: list[float], seed: int) -> Delay:
    draw = random.Random(seed)  # noqa: S311 (a distribution, not a secret)
    return lambda _loaded_s: draw.choices(ms, shares)[0] / 1000


def ramp(from_ms: float, to_ms: float, seconds: float) -> Delay:
    return lambda loaded_s: (from_ms + (to_ms - from_ms) * min(loaded_s / seconds, 1)) / 1000


def step(before_ms: float, after_ms: float, seconds: float) -> Delay:
    return lambda loaded_s: (before_ms if loaded_s < seconds else after_ms) / 1000


DELAYS: dict[str, Callable[..., Delay]] = {
    "constant": constant,
    "uniform": uniform,
    "mixed": mixed,
    "ramp": ramp,
    "step": step,
}

# ---- when a batch is answered


class Connection:
    """One client, and the batch it waits for. number and place: those of its batches."""

    __slots__ = (
        "after", "blocked", "buffer", "closed", "fd", "number", "out", "place", "reading",
        "requests", "since", "socket",
    )  # fmt: skip

    def __init__(self, client: socket.socket, number: int = 0, place: int = 1) -> None:
        self.socket = client
        self.number = number
        self.place = place
        self.fd = client.fileno()
        self.buffer = b""
        self.out = b""
        self.requests: list[Request] = []
        self.since = 0.0  # when the first of them came
        self.reading = True  # until the client has sent its last request
        self.after = After.KEEP
        self.closed = False
        self.blocked = False  # whether the client must read before more can be sent


class Delayed:
    """Every batch at its own time after it came; the connections have the delays in turn."""

    # A sleeper wakes some 50 us late: it is woken earlier, and asks until the moment has come.
    early_s = 100e-6

    def __init__(self, *delays: Delay) -> None:
        self.delays = delays
        self.waiting: list[tuple[float, int, Connection]] = []
        self.count = 0

    def add(self, connection: Connection, loaded_s: float) -> None:
        self.count += 1
        delay = self.delays[connection.number % len(self.delays)]
        due = connection.since + delay(loaded_s)
        heapq.heappush(self.waiting, (due, self.count, connection))

    def due(self) -> float | None:
        return self.waiting[0][0] if self.waiting else None

    def take(self, now: float) -> Connection | None:
        if self.waiting and self.waiting[0][0] <= now:
            return heapq.heappop(self.waiting)[2]
        return None


class Rated:
    """One batch after the other, each taking its requests' share of a second.

    Reckoned from when the one before was to be done, not from when it was: being late by the
    accuracy of a timer must not add up. Idle time is not saved up.
    """

    early_s = 0.0

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.waiting: deque[Connection] = deque()
        self.free_at = 0.0

    def add(self, connection: Connection, _loaded_s: float) -> None:
        self.waiting.append(connection)

    def due(self) -> float | None:
        if not self.waiting:
            return None
        first = self.waiting[0]
        if first.closed or not first.reading:
            return 0.0  # a client that has left, or leaves, costs no time
        return max(self.free_at, first.since) + len(first.requests) / self.rate

    def take(self, now: float) -> Connection | None:
        due = self.due()
        if due is None or due > now:
            return None
        self.free_at = max(self.free_at, due)
        return self.waiting.popleft()


# ---- the server

WORDS = ("delay", "delays", "rate", "fault", "when", "ends")


def behaviour_told() -> dict[str, Any]:
    """Read BEHAVIOUR; if it is wrong, say so on stderr and end with status 2."""
    text = os.environ.get("BEHAVIOUR", "{}")
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if isinstance(told, dict) and told.keys() <= set(WORDS):
        return told
    print(
        f"BEHAVIOUR must be a JSON object with any of {', '.join(WORDS)}: got {text!r}",
        file=sys.stderr,
    )
    sys.exit(2)


def age(notes: list[tuple[int, int, bytes]]) -> float:
    """How long the kernel has had what was received, s: it waited while this process slept."""
    for level, kind, data in notes:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = TIMESPEC.unpack(data)
            waited = (time.time_ns() - seconds * 10**9 - nanoseconds) / 1e9
            return waited if 0 <= waited <= MOST_AGE_S else 0.0
    return 0.0


def made(kinds: dict[str, Callable[..., Any]], words: dict[str, Any]) -> Any:
    """What some words of BEHAVIOUR describe: a kind, and its numbers."""
    return kinds[words["kind"]](**{key: words[key] for key in words.keys() - {"kind"}})


def pacing(behaviour: dict[str, Any]) -> Delayed | Rated:
    if "rate" in behaviour:
        return Rated(behaviour["rate"])
    one = behaviour.get("delay", {"kind": "constant", "ms": GATHER_MS})
    return Delayed(*[made(DELAYS, words) for words in behaviour.get("delays", [one])])


def fault(behaviour: dict[str, Any]) -> Fault:
    if "fault" not in behaviour:
        return right
    found: Fault = made(FAULTS, behaviour["fault"])
    return only_when(made(WHENS, behaviour["when"]), found) if "when" in behaviour else found


class Server:
    def __init__(self, behaviour: dict[str, Any], address: str, port: int) -> None:
        self.pacing = pacing(behaviour)
        self.fault = fault(behaviour)
        self.ends: dict[str, Any] = behaviour.get("ends", {})
        self.ends_at: float | None = None
        self.load = Load()
        self.count = 0
        self.hung = False
        self.connections: dict[int, Connection] = {}
        self.listener = listen(address, port)
        self.poll = select.epoll()
        self.poll.register(self.listener, select.EPOLLIN)
        # New in CPython 3.13. Before it, epoll's own time-out may be late by a millisecond.
        self.timer = -1
        if hasattr(os, "timerfd_create"):
            self.timer = os.timerfd_create(time.CLOCK_MONOTONIC, flags=os.TFD_NONBLOCK)
            self.poll.register(self.timer, select.EPOLLIN)
        self.armed: float | None = None

    def run(self) -> None:
        while True:
            events = self.wait()
            now = time.monotonic()
            for fd, event in events:
                if fd == self.timer:
                    self.armed = None
                    self.read_timer()
                elif fd == self.listener.fileno():
                    self.accept(now)
                elif connection := self.connections.get(fd):
                    self.turn(connection, event)
            while connection := self.pacing.take(time.monotonic()):
                if not connection.closed:
                    self.answer(connection)
            if self.ends_at is not None and time.monotonic() >= self.ends_at:
                self.end()

    def wait(self) -> list[tuple[int, int]]:
        moments = [moment for moment in (self.pacing.due(), self.ends_at) if moment is not None]
        due = min(moments, default=None)
        left = None if due is None else due - time.monotonic()
        if left is not None and left <= self.pacing.early_s:
            return self.poll.poll(0)
        if self.timer < 0:
            return self.poll.poll(left)
        if due is not None and due != self.armed:
            moment = due - self.pacing.early_s
            os.timerfd_settime(self.timer, flags=os.TFD_TIMER_ABSTIME, initial=moment)
            self.armed = due
        return self.poll.poll()

    def read_timer(self) -> None:
        with contextlib.suppress(BlockingIOError):  # where it was set anew since it expired
            os.read(self.timer, 8)

    def accept(self, now: float) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                break
            client.setblocking(False)
            self.load.opened(now)
            connection = Connection(client, self.count, self.load.open)
            self.count += 1
            self.connections[connection.fd] = connection
            self.poll.register(connection.fd, select.EPOLLIN)
        if self.ends and self.load.first_at is not None:
            self.ends_at = self.load.first_at + self.ends["after_s"]

    def turn(self, connection: Connection, event: int) -> None:
        if event & (select.EPOLLERR | select.EPOLLHUP):
            self.close(connection)
            return
        if event & select.EPOLLOUT:
            self.flush(connection)
        if event & select.EPOLLIN and not connection.closed:
            self.receive(connection)

    def receive(self, connection: Connection) -> None:
        try:
            block, notes, _, _ = connection.socket.recvmsg(262_144, NOTES_SIZE)
        except BlockingIOError:
            return
        except OSError:
            self.close(connection)
            return
        if not block:
            connection.reading = False
            if self.hung or not (connection.requests or connection.out):
                self.close(connection)
            else:
                self.listen_for(connection)
            return
        if not connection.reading or connection.after is not After.KEEP:
            return
        requests, connection.buffer = take(connection.buffer + block)
        if not requests:
            return
        first = not connection.requests
        connection.requests += requests
        connection.reading = not requests[-1].last
        if first:
            connection.since = time.monotonic() - age(notes)
            first_at = self.load.first_at
            loaded_s = connection.since - first_at if first_at is not None else 0.0
            self.pacing.add(connection, loaded_s)

    def answer(self, connection: Connection) -> None:
        requests, connection.requests = connection.requests, []
        if self.hung:
            connection.after = After.SILENCE
            return
        last = requests[-1].last
        batch = Batch(requests, connection.number, connection.place, self.load)
        reply, after = (right if last else self.fault)(batch)
        if after is After.HANG:
            self.hung, after = True, After.SILENCE
        if after is After.KEEP and (last or not connection.reading):
            after = After.CLOSE
        connection.after = after
        connection.out += reply
        self.flush(connection)

    def flush(self, connection: Connection) -> None:
        try:
            while connection.out:
                connection.out = connection.out[connection.socket.send(connection.out) :]
        except BlockingIOError:
            connection.blocked = True
            self.listen_for(connection)
            return
        except OSError:
            self.close(connection)
            return
        if connection.after in (After.CLOSE, After.RESET):
            self.close(connection)
        elif connection.blocked:
            connection.blocked = False
            self.listen_for(connection)

    def listen_for(self, connection: Connection) -> None:
        wanted = select.EPOLLOUT if connection.blocked else 0
        self.poll.modify(connection.fd, wanted | (select.EPOLLIN if connection.reading else 0))

    def close(self, connection: Connection) -> None:
        if connection.after is After.RESET:
            linger = struct.pack("ii", 1, 0)
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.closed = True
        self.load.closed()
        del self.connections[connection.fd]
        connection.socket.close()

    def end(self) -> None:
        if self.ends["by"] == "abort":
            os.abort()
        # The same process, begun anew: its sockets close by themselves.
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606


def listen(address: str, port: int) -> socket.socket:
    listener = bound_socket(address, port)
    # Those accepted inherit both.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    listener.listen(4096)
    listener.setblocking(False)
    return listener


if __name__ == "__main__":
    # Nothing here makes cycles, and a collection would be seen in the latencies.
    gc.disable()
    host, port, workers = settings()
    if workers > 1:
        print(f"BENCH_WORKERS must be 1 for this server: got {workers}", file=sys.stderr)
        sys.exit(2)
    Server(behaviour_told(), host, port).run()
