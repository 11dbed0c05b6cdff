"""A server whose truth is known: behaviour.json beside it says what it does.

One thread, one epoll, plain sockets, standard library only. Each batch is answered at its own
deadline, counted from when the kernel had it and held by a timerfd, with as little spinning as
that takes: a server that only waits must look idle. A batch is what one connection has sent by
its deadline, so that one cut into several TCP segments stays one batch.

behaviour.json, where all but `delay` or `rate` is optional:

    {"delay": {"kind": "constant", "ms": 40}}   from a batch's first request to its answer; DELAYS
    {"rate": 5000}                              instead: requests a second, over all connections
    {"fault": {"kind": "partial", "answers": 1}}    what is wrong with every batch; FAULTS
    {"ends": {"by": "abort", "after_s": 2.5}}       abort, or restart, so long after the load began

The load begins when LOAD_CONNECTIONS are open at once: a probe or a question whether the server is
ready starts no clock. A request with `Connection: close` is always answered rightly, because that
is how readiness is asked; only a server that hangs leaves it unanswered too.
"""

from __future__ import annotations

import contextlib
import gc
import heapq
import json
import os
import random
import re
import select
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

from launch import bound_socket, settings

LOAD_CONNECTIONS = 8
BODY = b"Hello world!"
WRONG_BODY = b"Hello w0rld!"
MOST_HEAD = 65_536
# Longer than any network cuts a batch apart, short enough to be no delay that matters.
GATHER_MS = 3

# Linux's number, not in the socket module: when the kernel had it, as a timespec beside the data.
SO_TIMESTAMPNS = 35
TIMESPEC = struct.Struct("@ll")
NOTES_SIZE = socket.CMSG_SPACE(TIMESPEC.size)
# More than it can have waited here: the clock was set, or the time is not there.
MOST_AGE_S = 0.1

LINE = re.compile(rb"([A-Z]+) ([!-~]+) HTTP/1\.([01])")
HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)")


class After(Enum):
    """What becomes of a connection once a batch is answered."""

    KEEP = auto()
    CLOSE = auto()
    RESET = auto()
    SILENCE = auto()  # stays open, and is never answered again
    HANG = auto()  # so do all the others


Reply = tuple[bytes, After]


@dataclass(frozen=True, slots=True)
class Request:
    """All that counts of a request: its right answer, and how to go on reading."""

    answer: bytes
    last: bool
    body: int = 0
    like_wrk: bool = False
    """Whether Host is its only header, as wrk sends it."""


# ---- requests and right answers


def response(status: bytes, body: bytes, *, last: bool = False, head: bool = False) -> bytes:
    lines = [
        b"HTTP/1.1 " + status,
        b"Content-Type: text/plain",
        b"Content-Length: %d" % len(body),
    ]
    lines += [b"Connection: close"] if last else []
    return b"\r\n".join([*lines, b"", b"" if head else body])


BAD = Request(response(b"400 Bad Request", b"Bad request", last=True), last=True)
UNKNOWN_CODING = Request(response(b"501 Not Implemented", b"No codings", last=True), last=True)


def parse(head: bytes) -> Request:
    """A request from its line and headers, without the empty line."""
    first, *lines = head.lstrip(b"\r\n").split(b"\r\n")
    line, headers = LINE.fullmatch(first), [HEADER.fullmatch(text) for text in lines]
    if line is None or None in headers:
        return BAD
    fields = {found[1].lower(): found[2].strip().lower() for found in headers if found}
    method, target, minor = line.groups()
    length = fields.get(b"content-length", b"0")
    if (minor == b"1" and b"host" not in fields) or not length.isdigit():
        return BAD
    if b"transfer-encoding" in fields:
        return UNKNOWN_CODING
    # With HTTP/1.0, closing is right whatever was asked.
    last = minor == b"0" or b"close" in fields.get(b"connection", b"")
    found = method in (b"GET", b"HEAD") and target.split(b"?")[0] == b"/"
    status, body = (b"200 OK", BODY) if found else (b"404 Not Found", b"Not found")
    answer = response(status, body, last=last, head=method == b"HEAD")
    return Request(answer, last, int(length), like_wrk=set(fields) == {b"host"})


KNOWN: dict[bytes, Request] = {}


def known(head: bytes) -> Request:
    """`parse`, once for each text."""
    request = KNOWN.get(head)
    if request is None:
        if len(KNOWN) >= 1000:
            KNOWN.clear()
        request = KNOWN[head] = parse(head)
    return request


def take(buffer: bytes) -> tuple[list[Request], bytes]:
    """The complete requests at the beginning of what was received, and the rest."""
    requests: list[Request] = []
    start = 0
    while (end := buffer.find(b"\r\n\r\n", start)) >= 0:
        request = known(buffer[start:end])
        stop = end + 4 + request.body
        if stop > len(buffer):
            break
        requests.append(request)
        if request.last:
            return requests, b""
        # wrk repeats one request: compare the repetitions at once instead of parsing each.
        text = buffer[start:stop]
        more = (len(buffer) - stop) // len(text)
        if more and buffer.startswith(text * more, stop):
            requests += [request] * more
            stop += more * len(text)
        start = stop
    rest = buffer[start:]
    if len(rest) > MOST_HEAD and b"\r\n\r\n" not in rest:
        return [*requests, BAD], b""
    return requests, rest


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


# ---- what is wrong with the answer to a batch; asked with whether the load has begun

Fault = Callable[[list[Request], bool], Reply]


def right(requests: list[Request], _loaded: bool = False) -> Reply:
    return b"".join([request.answer for request in requests]), After.KEEP


def marked(answer: bytes) -> bytes:
    """An answer that says it is the connection's last."""
    return answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)


def closes_silently() -> Fault:
    return lambda requests, _loaded: (right(requests)[0], After.CLOSE)


def closes_saying_so() -> Fault:
    return lambda requests, _loaded: (last_marked(requests), After.CLOSE)


def says_close_but_stays() -> Fault:
    return lambda requests, _loaded: (last_marked(requests), After.KEEP)


def last_marked(requests: list[Request]) -> bytes:
    return right(requests[:-1])[0] + marked(requests[-1].answer)


def partial(answers: int) -> Fault:
    def answer(requests: list[Request], _loaded: bool) -> Reply:
        after = After.SILENCE if len(requests) > answers else After.KEEP
        return right(requests[:answers])[0], after

    return answer


def wrong_body() -> Fault:
    return lambda requests, _loaded: (right(requests)[0].replace(BODY, WRONG_BODY), After.KEEP)


def wrong_body_for_wrk() -> Fault:
    def answer(requests: list[Request], _loaded: bool) -> Reply:
        answers = [
            request.answer.replace(BODY, WRONG_BODY) if request.like_wrk else request.answer
            for request in requests
        ]
        return b"".join(answers), After.KEEP

    return answer


def one_too_many() -> Fault:
    return lambda requests, _loaded: right([*requests, requests[-1]])


def truncated(bytes_missing: int) -> Fault:
    return lambda requests, _loaded: (right(requests)[0][:-bytes_missing], After.SILENCE)


def resets() -> Fault:
    return lambda requests, _loaded: (right(requests)[0], After.RESET)


def swapped() -> Fault:
    """The first answer changes places with the next one that differs."""

    def answer(requests: list[Request], _loaded: bool) -> Reply:
        answers = [request.answer for request in requests]
        for place, other in enumerate(answers):
            if other != answers[0]:
                answers[0], answers[place] = other, answers[0]
                break
        return b"".join(answers), After.KEEP

    return answer


def errors(every: int) -> Fault:
    count = 0
    error = response(b"503 Service Unavailable", b"Now and then")

    def answer(requests: list[Request], _loaded: bool) -> Reply:
        nonlocal count
        answers = [request.answer for request in requests]
        for place in range(every - 1 - count % every, len(answers), every):
            answers[place] = error
        count += len(answers)
        return b"".join(answers), After.KEEP

    return answer


def hangs(after_requests: int) -> Fault:
    left = after_requests

    def answer(requests: list[Request], loaded: bool) -> Reply:
        nonlocal left
        left -= len(requests) if loaded else 0
        return right(requests) if left >= 0 else (b"", After.HANG)

    return answer


def leaks(bytes_per_request: int, most_bytes: int) -> Fault:
    kept: list[bytes] = []
    size = 0

    def answer(requests: list[Request], loaded: bool) -> Reply:
        nonlocal size
        more = bytes_per_request * len(requests)
        if loaded and size + more <= most_bytes:
            kept.append(b"x" * more)
            size += more
        return right(requests)

    return answer


FAULTS: dict[str, Callable[..., Fault]] = {
    "closes-silently": closes_silently,
    "closes-saying-so": closes_saying_so,
    "says-close-but-stays": says_close_but_stays,
    "partial": partial,
    "wrong-body": wrong_body,
    "wrong-body-for-wrk": wrong_body_for_wrk,
    "one-too-many": one_too_many,
    "truncated": truncated,
    "resets": resets,
    "swapped": swapped,
    "errors": errors,
    "hangs": hangs,
    "leaks": leaks,
}


# ---- when a batch is answered


class Connection:
    """One client, and the batch it waits for."""

    __slots__ = (
        "after", "blocked", "buffer", "closed", "fd", "out", "reading", "requests", "since",
        "socket",
    )  # fmt: skip

    def __init__(self, client: socket.socket) -> None:
        self.socket = client
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
    """Every batch at its own time after it came."""

    # A sleeper wakes some 50 us late: it is woken earlier, and asks until the moment has come.
    early_s = 100e-6

    def __init__(self, delay: Delay) -> None:
        self.delay = delay
        self.waiting: list[tuple[float, int, Connection]] = []
        self.count = 0

    def add(self, connection: Connection, loaded_s: float) -> None:
        self.count += 1
        due = connection.since + self.delay(loaded_s)
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


def age(notes: list[tuple[int, int, bytes]]) -> float:
    """How long the kernel has had what was received, s: it waited while this process slept."""
    for level, kind, data in notes:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = TIMESPEC.unpack(data)
            waited = (time.time_ns() - seconds * 10**9 - nanoseconds) / 1e9
            return waited if 0 <= waited <= MOST_AGE_S else 0.0
    return 0.0


class Server:
    def __init__(self, behaviour: dict[str, Any], address: str, port: int) -> None:
        unknown = behaviour.keys() - {"delay", "rate", "fault", "ends"}
        if unknown:
            raise ValueError(f"behaviour.json has {', '.join(sorted(unknown))}")
        self.pacing: Delayed | Rated
        if "rate" in behaviour:
            self.pacing = Rated(behaviour["rate"])
        else:
            words = dict(behaviour.get("delay", {"kind": "constant", "ms": GATHER_MS}))
            self.pacing = Delayed(DELAYS[words.pop("kind")](**words))
        words = dict(behaviour.get("fault", {}))
        self.fault: Fault = FAULTS[words.pop("kind")](**words) if words else right
        self.ends: dict[str, Any] = behaviour.get("ends", {})
        self.ends_at: float | None = None
        self.loaded_at: float | None = None
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
            connection = Connection(client)
            self.connections[connection.fd] = connection
            self.poll.register(connection.fd, select.EPOLLIN)
        if self.loaded_at is None and len(self.connections) >= LOAD_CONNECTIONS:
            self.loaded_at = now
            if self.ends:
                self.ends_at = now + self.ends["after_s"]

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
            loaded_s = connection.since - self.loaded_at if self.loaded_at is not None else 0.0
            self.pacing.add(connection, loaded_s)

    def answer(self, connection: Connection) -> None:
        requests, connection.requests = connection.requests, []
        if self.hung:
            connection.after = After.SILENCE
            return
        last = requests[-1].last
        reply, after = (right if last else self.fault)(requests, self.loaded_at is not None)
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
    # Beside the path it was started by, which may be a link to this file.
    behaviour = json.loads(Path(__file__).with_name("behaviour.json").read_text(encoding="utf-8"))
    # Nothing here makes cycles, and a collection would be seen in the latencies.
    gc.disable()
    host, port, workers = settings()
    if workers > 1:
        print(f"BENCH_WORKERS must be 1 for this server: got {workers}", file=sys.stderr)
        sys.exit(2)
    Server(behaviour, host, port).run()
