"""The server that is probed: connections to it, and the time that is left for it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from classify import Classification, classify, fault
from connection import Connection
from request import Request, Writer

SETTLE_S = 0.03  # how long anything that was not asked for is waited for
ASK_AGAIN_S = 0.05  # whether a server that went away has come back
CASE_TIMEOUTS = 5  # a case may take this many timeouts while bytes keep coming, ...
ALL_TIMEOUTS = 10  # ... and the whole probe this many


class UnreachableError(Exception):
    """No connection; the text says why."""


class Aftermath(NamedTuple):
    """How the server is after a case."""

    answers: bool  # a new connection was answered
    label: str = ""  # if not all is well: a class of docs/probe.md
    sentence: str = ""


class Target:
    """A server at an address, and the time that is left for it."""

    def __init__(self, address: str, port: int, depth: int, timeout: float) -> None:
        self.port, self.depth, self.timeout = port, depth, timeout
        self.write = Writer(address, port)
        self.deadline = time.monotonic() + ALL_TIMEOUTS * timeout
        self.over = f"the {ALL_TIMEOUTS * timeout:g} s for the whole probe were over"
        try:
            self.places: list[tuple[Any, ...]] = [
                (family, kind, protocol, place)
                for family, kind, protocol, _, place in socket.getaddrinfo(
                    address, port, type=socket.SOCK_STREAM
                )
            ]
        except (OSError, UnicodeError) as error:
            raise UnreachableError(
                f"{address!r} is not an address that can be found: {error}"
            ) from None

    def connect(self) -> Connection:
        trouble = ""
        for family, kind, protocol, place in list(self.places):
            tcp = socket.socket(family, kind, protocol)
            left = max(0.01, self.deadline - time.monotonic())
            tcp.settimeout(min(self.timeout, left))
            try:
                tcp.connect(place)
            except OSError as error:
                tcp.close()
                trouble = trouble or self.sentence(error)
                continue
            # A name may have several addresses: one of them is probed throughout.
            self.places = [(family, kind, protocol, place)]
            deadline = min(self.deadline, time.monotonic() + CASE_TIMEOUTS * self.timeout)
            return Connection(tcp, deadline)
        raise UnreachableError(trouble)

    def sentence(self, error: OSError) -> str:
        if isinstance(error, ConnectionRefusedError):
            return f"port {self.port} refuses connections"
        if isinstance(error, socket.timeout):
            return f"no connection within {self.timeout:g} s"
        return f"no connection: {error.strerror or error}"

    def batch(
        self,
        requests: list[Request],
        cut: Callable[[list[Request]], list[bytes]] | None = None,
        pause: float = 0.0,
        shut: bool = False,
    ) -> Classification:
        """All requests at once, or in the pieces that `cut` makes of them."""
        with self.connect() as connection:
            connection.ask(requests, self.timeout, cut(requests) if cut else None, pause, shut)
            if connection.end is None:
                connection.listen(SETTLE_S)
            result = classify(connection, self.timeout)
            if connection.end == "silent" and result.label in ("partial", "hangs") and not shut:
                return self.nudged(connection, result)
            return result

    def nudged(self, connection: Connection, result: Classification) -> Classification:
        """Send one request more: does the server look at what it holds only when it reads?"""
        answered = len(connection.answers)
        held = connection.asked[answered]
        connection.end = None
        # Its right answer is not that of the request held back, so the two cannot be confused.
        connection.ask([self.write.get(missing=held.statuses == {200})], self.timeout)
        more = connection.answers[answered:]
        if not more:
            return result
        if fault(held, more[0]):
            detail = "; one request more was answered, those before it never"
            return result._replace(detail=result.detail + detail)
        detail = f"; one request more brought {len(more)} of the answers held back"
        return result._replace(label="sequential", detail=result.detail + detail)

    def aftermath(self) -> Aftermath:
        """Ask for a plain GET on a new connection. All is taken to be well if the time is up."""
        began = time.monotonic()
        trouble = away = ""
        while not self.time_is_up():
            try:
                with self.connect() as connection:
                    connection.ask([self.write.get()], self.timeout)
                    if connection.answers:
                        return Aftermath(True, "crashes" if away else "", away)
                    if connection.end == "silent":
                        sentence = "no new connection is answered any more"
                        return Aftermath(False, "hangs", sentence)
                    trouble = "new connections end without an answer"
            except UnreachableError as error:
                trouble = str(error)
            took = time.monotonic() - began
            if took >= self.timeout:
                return Aftermath(False, "crashes", trouble)
            time.sleep(ASK_AGAIN_S)
            away = f"the server was away for {time.monotonic() - began:.1f} s"
        return Aftermath(True)

    def time_is_up(self) -> bool:
        return time.monotonic() >= self.deadline
