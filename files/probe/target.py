"""The server that is probed: connections to it, and the time that is left for it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from classify import Classification, classify
from connection import Connection
from nudge import nudged
from request import FRAMEWORK, Contract, Request, Writer

SETTLE_S = 0.03  # how long anything that was not asked for is waited for
ASK_AGAIN_S = 0.05  # whether a server that went away has come back
CASE_TIMEOUTS = 2  # a case may take this many timeouts while bytes keep coming, ...
ALL_TIMEOUTS = 4.75  # ... and the whole probe this many: with all else, 10 s by default
SEGMENT = 1448  # bytes that a network carries at once
LESS_PATIENT = 0.5  # the share of a timeout that ends a case on which no measurement relies, ...
LEAST_PATIENT = 0.25  # ... or any case, once the server has been silent for the whole of one


class UnreachableError(Exception):
    """No connection; the text says why."""


@dataclass(frozen=True)
class Order:
    """What is probed. timeout: s of silence. cases: names, or none for all.

    any_answer: whatever the server answers to the contract's path, and to what is missing, is
    right. pid: of the server, if it runs here, for its memory. seed: of what is drawn.
    """

    address: str
    port: int
    depth: int = 16
    timeout: float = 2.0
    cases: list[str] = field(default_factory=list)
    contract: Contract = FRAMEWORK
    any_answer: bool = False
    seed: int | None = None
    pid: int | None = None


class Aftermath(NamedTuple):
    """How the server is after a case."""

    answers: bool  # a new connection was answered
    label: str = ""  # if not all is well: a class of docs/probe.md
    sentence: str = ""


class Target:
    """A server at an address, and the time that is left for it.

    patience: s of silence that end the case that is asked.
    """

    def __init__(self, order: Order) -> None:
        address, port, timeout = order.address, order.port, order.timeout
        self.port, self.depth, self.pid = port, order.depth, order.pid
        self.timeout = self.patience = timeout
        self.was_silent = False
        self.write = Writer(address, port, order.contract, order.seed)
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

    def be_patient(self, relied_on: bool) -> None:
        """Wait as long as a case deserves."""
        share = LEAST_PATIENT if self.was_silent else 1 if relied_on else LESS_PATIENT
        self.patience = self.timeout * share

    def has_seen(self, result: Classification) -> None:
        """Remember of a case what counts for the others."""
        self.was_silent = self.was_silent or result.label in ("partial", "hangs")

    def connect(self, window: int | None = None) -> Connection:
        """A new connection; window: bytes that the kernel here keeps for it, each way."""
        trouble = ""
        for family, kind, protocol, place in list(self.places):
            tcp = socket.socket(family, kind, protocol)
            if window is not None:
                narrow(tcp, window)
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
            connection.ask(requests, self.patience, cut(requests) if cut else None, pause, shut)
            if connection.end is None:
                connection.listen(SETTLE_S)
            result = classify(connection, self.patience)
            if connection.end == "silent" and result.label in ("partial", "hangs") and not shut:
                return nudged(connection, result, self.write, self.patience)
            return result

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


def narrow(tcp: socket.socket, window: int) -> None:
    """Have the kernel keep so many bytes each way, and the server's not much more.

    The kernel there makes room by the size of a segment, which is 64 KiB within one host.
    """
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        tcp.setsockopt(socket.SOL_SOCKET, option, window)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
