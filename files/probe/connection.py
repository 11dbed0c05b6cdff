"""One connection to the server, on plain sockets."""

from __future__ import annotations

import contextlib
import math
import select
import socket
import time
from collections import deque

from host.answers import Answer, NotHttpError, Reader
from request import Request, joined


class Connection:
    """One connection: what was asked, what was answered, and how it ended.

    `end` is None while all is well, else one of: silent, late (the time was up before it was
    silent for long), closed, reset, surplus (more answers than requests), not HTTP, content (an
    answer to HEAD that has a body).
    """

    def __init__(self, tcp: socket.socket, deadline: float) -> None:
        self.tcp = tcp
        self.deadline = deadline
        self.reader = Reader()
        self.asked: list[Request] = []
        self.answers: list[Answer] = []
        self.end: str | None = None
        self.unexpected = ""  # what came if it was not HTTP, or a body after an answer to HEAD
        self.pending: deque[bytes] = deque()
        tcp.setblocking(False)
        # Each piece of a cut batch is to travel by itself.
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Connection:  # noqa: PYI034 - Self is not in 3.9
        return self

    def __exit__(self, *_: object) -> None:
        self.tcp.close()

    def ask(
        self,
        requests: list[Request],
        patience: float,
        parts: list[bytes] | None = None,
        pause: float = 0.0,
        shut: bool = False,
    ) -> None:
        """Send, reading all the while, until every request has its answer or it ends."""
        self.asked += requests
        self.pending.extend([joined(requests)] if parts is None else parts)
        self.run(patience, len(self.asked), pause, shut)

    def listen(self, seconds: float) -> None:
        """Wait so long for what nobody asked for, also if a byte comes now and then.

        Silence is right here, so it is not an end.
        """
        case_deadline = self.deadline
        self.deadline = min(case_deadline, time.monotonic() + seconds)
        self.run(seconds, math.inf)
        self.deadline = case_deadline
        if self.end == "silent" or (self.end == "late" and time.monotonic() < case_deadline):
            self.end = None

    def run(self, patience: float, count: float, pause: float = 0.0, shut: bool = False) -> None:
        """Send and read until so many answers are there, or the connection ends.

        patience: seconds of silence that end it. pause: seconds between two pieces. shut: close the
        sending half once all is sent.
        """
        quiet_since = send_at = time.monotonic()
        while self.end is None:
            now = time.monotonic()
            if not self.pending:
                if shut:
                    self.shut_down()
                    shut = False
                if len(self.answers) >= count:
                    return
            if now >= self.deadline:
                self.end = "late"
                return
            if now >= quiet_since + patience:
                self.end = "silent"
                return
            sending = bool(self.pending) and now >= send_at
            wake = min(self.deadline, quiet_since + patience)
            if self.pending and not sending:
                wake = min(wake, send_at)
            readable, writable, _ = select.select(
                [self.tcp], [self.tcp] if sending else [], [], max(0.0, wake - now)
            )
            if readable:
                self.read()
                quiet_since = time.monotonic()
            if writable and self.end is None:
                self.write()
                quiet_since = time.monotonic()
                send_at = quiet_since + pause

    def shut_down(self) -> None:
        with contextlib.suppress(OSError):  # it may be closed already
            self.tcp.shutdown(socket.SHUT_WR)

    def write(self) -> None:
        part = self.pending.popleft()
        try:
            count = self.tcp.send(part)
        except BlockingIOError:
            count = 0
        except OSError:
            # The server takes no more; what it has sent is still to be read.
            self.pending.clear()
            return
        if count < len(part):
            self.pending.appendleft(part[count:])

    def read(self) -> None:
        try:
            data = self.tcp.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            self.end = "reset"
            return
        if data:
            self.reader.feed(data)
        else:
            self.reader.end()
        try:
            self.parse()
        except NotHttpError as error:
            if self.announced_a_body():
                self.end, self.unexpected = "content", "a body after the answer to HEAD"
            else:
                self.end, self.unexpected = "not HTTP", str(error)
            return
        if self.end is None and not data:
            self.end = "closed"

    def announced_a_body(self) -> bool:
        """Whether the last answer is one to HEAD that announced what a GET would bring."""
        k = len(self.answers)
        return k > 0 and bool(self.answers[-1].announced) and self.asked[k - 1].method == "HEAD"

    def parse(self) -> None:
        while True:
            k = len(self.answers)
            answer = self.reader.take(self.asked[k].method if k < len(self.asked) else "GET")
            if answer is None:
                return
            self.answers.append(answer)
            if k >= len(self.asked):
                self.end = "surplus"
                return
