#!/usr/bin/env python3
"""Ask a server whether it answers pipelined HTTP/1.1 requests, with plain sockets.

No HTTP library stands between: what a library repairs is what is to be seen. The file is copied
to load generators and run there, so it is one file and needs nothing but CPython 3.9 or later.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import select
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

SCHEMA_VERSION = 1
BODY = b"Hello world!"
DEEPER = 4  # times the depth that will be measured
DEEPER_AT_LEAST = 64
BATCHES = 50
FEW = 5  # requests of a case about one odd request among good ones
SETTLE_S = 0.03  # how long anything unasked for is waited for
CUT_PAUSE_S = 0.02  # between the pieces of a batch, so that the server reads them one by one
BYTE_PAUSE_S = 0.001
ASK_AGAIN_S = 0.05  # whether a server that went away has come back
CASE_TIMEOUTS = 5  # a case may take this many timeouts while bytes keep coming, ...
ALL_TIMEOUTS = 30  # ... and the whole probe this many
HEAD_LIMIT = 65_536
ANSWER_LIMIT = 262_144
SHOWN = 60  # bytes of a body that a sentence quotes

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
STATUS_LINE = re.compile(rb"HTTP/1\.[01] [1-5][0-9]{2}(?: [^\r\n\0]*)?\r\n")
FIELD = re.compile(rb"(" + TOKEN + rb"):[ \t]*([^\r\n\0]*?)[ \t]*")
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")


class NotHttpError(Exception):
    """What came is not an answer; the text says what it is instead."""


class UnreachableError(Exception):
    """No connection; the text says why."""


# -- Requests ------------------------------------------------------------------------------------


class Request(NamedTuple):
    data: bytes
    title: str
    statuses: frozenset[int]  # those that are right
    method: str = "GET"
    body: bytes | None = None  # the one body that is right, or None for any
    version: str = "1.1"


class Writer:
    """Makes requests: a GET as wrk writes it, and paths that no two runs share."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.run = random.randrange(10**5, 10**6)  # noqa: S311 - not a secret
        self.count = 0

    def raw(self, method: str, path: str, fields: str = "", version: str = "1.1") -> bytes:
        return f"{method} {path} HTTP/{version}\r\nHost: {self.host}\r\n{fields}\r\n".encode()

    def missing_path(self) -> str:
        self.count += 1
        return f"/missing-{self.run}-{self.count}"

    def get(self, missing: bool = False, fields: str = "", version: str = "1.1") -> Request:
        path = self.missing_path() if missing else "/"
        return Request(
            self.raw("GET", path, fields, version),
            f"GET {path}",
            frozenset({404 if missing else 200}),
            body=None if missing else BODY,
            version=version,
        )

    def head(self) -> Request:
        # The contract of a framework does not speak of HEAD: its framing alone is judged.
        statuses = frozenset({200, 404, 405, 501})
        return Request(self.raw("HEAD", "/"), "HEAD /", statuses, method="HEAD")

    def post(self, fields: str, content: bytes) -> Request:
        path = self.missing_path()
        data = self.raw("POST", path, fields) + content
        return Request(data, f"POST {path}", frozenset({404, 405, 411, 501}), method="POST")

    def mixed(self, count: int, fields: str = "", version: str = "1.1") -> list[Request]:
        """Make requests to be answered with 200, 404, 404, 200, ...: the Thue-Morse sequence.

        It repeats nothing three times in a row, so a shift shows; and as the first and the last
        always differ, so does the reverse.
        """
        return [
            self.get(
                missing=i > 0 and (i == count - 1 or f"{i:b}".count("1") % 2 == 1),
                fields=fields,
                version=version,
            )
            for i in range(count)
        ]

    def alternating(self, count: int) -> list[Request]:
        """Make requests to be answered with 200, 404, 200, ...: any two neighbours differ."""
        return [self.get(missing=i % 2 == 1) for i in range(count)]


def joined(requests: list[Request]) -> bytes:
    return b"".join(request.data for request in requests)


# -- Answers -------------------------------------------------------------------------------------


@dataclass
class Answer:
    status: int
    media_type: str
    body: bytes  # its first bytes: enough to compare and to quote
    announced: int | None  # what Content-Length says
    close: bool
    chunked: bool


class Head(NamedTuple):
    status: int
    fields: dict[str, list[str]]
    end: int  # where the body begins

    def values(self, name: str) -> list[str]:
        """Return the members of a field that is a list, in lower case."""
        parts = ",".join(self.fields.get(name, [])).split(",")
        return [part.strip().lower() for part in parts if part.strip()]


def describe(data: bytes) -> str:
    if data[:1] in (b"\x15", b"\x16") and data[1:2] == b"\x03":
        return "a TLS record: the port speaks TLS"
    more = "" if len(data) <= SHOWN else "..."
    return f"{data[:SHOWN]!r}{more}"


def take_answer(buffer: bytearray, method: str, ended: bool) -> Answer | None:
    """Take one answer off the front of the buffer; None while it is not complete.

    Informational answers (1xx) are dropped. `ended` says that no more bytes will come.
    """
    while True:
        head = read_head(buffer)
        if head is None:
            return None
        if head.status == 101:
            raise NotHttpError("status 101, and nobody asked for another protocol")
        if head.status >= 200:
            break
        del buffer[: head.end]
    announced = content_length(head)
    found = read_body(buffer, head, method, announced, ended)
    if found is None:
        if len(buffer) > head.end + ANSWER_LIMIT or (announced or 0) > ANSWER_LIMIT:
            raise NotHttpError(f"one answer of more than {ANSWER_LIMIT:,} bytes")
        return None
    body, stop = found
    del buffer[:stop]
    return Answer(
        head.status,
        head.fields.get("content-type", [""])[0].partition(";")[0].strip().lower(),
        body[: SHOWN + 1],
        announced,
        "close" in head.values("connection"),
        "transfer-encoding" in head.fields,
    )


def read_head(buffer: bytearray) -> Head | None:
    """Read a status line and the header fields; None while they are not complete."""
    line = bytes(buffer[: buffer.find(b"\n") + 1])
    if buffer[:7] != b"HTTP/1."[: len(buffer)] or (line and not STATUS_LINE.fullmatch(line)):
        raise NotHttpError(describe(bytes(buffer)))
    end = buffer.find(b"\r\n\r\n")
    if max(end, len(buffer) if end < 0 else 0) > HEAD_LIMIT:
        raise NotHttpError(f"a header section of more than {HEAD_LIMIT:,} bytes")
    if end < 0:
        return None
    fields: dict[str, list[str]] = {}
    for text in bytes(buffer[len(line) : end]).split(b"\r\n") if end > len(line) else []:
        match = FIELD.fullmatch(text)
        if not match:
            raise NotHttpError(f"a header line of {describe(text)}")
        name, value = (part.decode("latin-1") for part in match.groups())
        fields.setdefault(name.lower(), []).append(value)
    return Head(int(line[9:12]), fields, end + 4)


def content_length(head: Head) -> int | None:
    lengths = set(head.values("content-length"))
    if not lengths:
        return None
    if len(lengths) > 1 or not re.fullmatch(r"[0-9]{1,15}", *lengths):
        raise NotHttpError(f"a Content-Length of {', '.join(sorted(lengths))!r}")
    return int(*lengths)


def read_body(
    buffer: bytearray, head: Head, method: str, announced: int | None, ended: bool
) -> tuple[bytes, int] | None:
    """Return the content and where it stops, or None while it is not complete."""
    codings = head.values("transfer-encoding")
    if codings and announced is not None:
        raise NotHttpError("an answer with both Content-Length and Transfer-Encoding")
    if codings not in ([], ["chunked"]):
        raise NotHttpError(f"a transfer coding of {', '.join(codings)!r}")
    if method == "HEAD" or head.status in (204, 304):
        return b"", head.end
    if codings:
        return read_chunks(buffer, head.end)
    if announced is None:  # the body ends where the connection does
        return (bytes(buffer[head.end :]), len(buffer)) if ended else None
    stop = head.end + announced
    return (bytes(buffer[head.end : stop]), stop) if len(buffer) >= stop else None


def read_chunks(buffer: bytearray, at: int) -> tuple[bytes, int] | None:
    content = bytearray()
    size = -1
    while size:
        line = CHUNK.match(buffer, at)
        if not line:
            if len(buffer) - at > SHOWN or b"\n" in buffer[at:]:
                raise NotHttpError(f"a chunk that begins {describe(bytes(buffer[at:]))}")
            return None
        size, at = int(line[1], 16), line.end()
        if size > ANSWER_LIMIT:
            raise NotHttpError(f"one answer of more than {ANSWER_LIMIT:,} bytes")
        if not size:
            break
        content += buffer[at : at + size]
        at += size
        if buffer[at : at + 2] != b"\r\n"[: max(0, len(buffer) - at)]:
            raise NotHttpError("a chunk that is longer than it says")
        at += 2
        if len(buffer) < at:
            return None
    while (end := buffer.find(b"\r\n", at)) > at:  # trailer fields, up to an empty line
        at = end + 2
    return (bytes(content), end + 2) if end == at else None


# -- One connection ------------------------------------------------------------------------------


class Talk:
    """One connection: what was asked, what was answered, and how it ended.

    `end` is None while all is well, else one of: silent, late (the time was up before it was
    silent for long), closed, reset, surplus (more answers than requests), noise (not HTTP),
    content (an answer to HEAD that has a body).
    """

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.connection = connection
        self.deadline = deadline
        self.buffer = bytearray()
        self.asked: list[Request] = []
        self.answers: list[Answer] = []
        self.end: str | None = None
        self.noise = ""
        self.pending: deque[bytes] = deque()
        self.sent = True  # False where the server took no more of it
        connection.setblocking(False)
        # Each piece of a cut batch is to travel by itself.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Talk:  # noqa: PYI034 - Self is not in 3.9
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def ask(
        self,
        requests: list[Request],
        patience: float,
        parts: list[bytes] | None = None,
        pause: float = 0.0,
        shut: bool = False,
    ) -> None:
        """Send, reading all the while, until every request has its answer or the talk ends."""
        self.asked += requests
        self.pending.extend([joined(requests)] if parts is None else parts)
        self.run(patience, len(self.asked), pause, shut)

    def listen(self, seconds: float) -> None:
        """Wait for whatever still comes; silence is what is hoped for, so it is no end."""
        self.run(seconds, math.inf)
        if self.end == "silent":
            self.end = None

    def run(self, patience: float, target: float, pause: float = 0.0, shut: bool = False) -> None:
        quiet_since = send_at = time.monotonic()
        while self.end is None:
            now = time.monotonic()
            if not self.pending:
                if shut:
                    shut = self.shut_down()
                if len(self.answers) >= target:
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
                [self.connection], [self.connection] if sending else [], [], max(0.0, wake - now)
            )
            if readable:
                self.read()
                quiet_since = time.monotonic()
            if writable and self.end is None:
                self.write()
                quiet_since = time.monotonic()
                send_at = quiet_since + pause

    def shut_down(self) -> bool:
        try:
            self.connection.shutdown(socket.SHUT_WR)
        except OSError:
            self.sent = False
        return False

    def write(self) -> None:
        part = self.pending.popleft()
        try:
            count = self.connection.send(part)
        except BlockingIOError:
            count = 0
        except OSError:
            # The server takes no more; what it has said is still to be read.
            self.pending.clear()
            self.sent = False
            return
        if count < len(part):
            self.pending.appendleft(part[count:])

    def read(self) -> None:
        try:
            data = self.connection.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            self.end = "reset"
            return
        self.buffer += data
        try:
            self.parse(ended=not data)
        except NotHttpError as error:
            self.end, self.noise = "noise", str(error)
            previous = self.answers[-1] if self.answers else None
            if (
                previous
                and previous.announced
                and self.asked[len(self.answers) - 1].method == "HEAD"
            ):
                self.end, self.noise = "content", "a body after the answer to HEAD"
            return
        if self.end is None and not data:
            self.end = "closed"

    def parse(self, ended: bool) -> None:
        while self.buffer:
            k = len(self.answers)
            answer = take_answer(
                self.buffer, self.asked[k].method if k < len(self.asked) else "GET", ended
            )
            if answer is None:
                return
            self.answers.append(answer)
            if k >= len(self.asked):
                self.end = "surplus"
                return


# -- Judging -------------------------------------------------------------------------------------


class Verdict(NamedTuple):
    seen: str  # the class
    answered: int | None  # None where nothing was asked
    expected: int | None
    detail: str
    conforms: bool | None
    gone: bool = False  # the connection ended where answers were still due


ENDINGS = {
    "silent": ", then silent for {patience:g} s",
    "late": ", and the time was up before the rest",
    "closed": ", then closed",
    "reset": ", then reset the connection",
}
ENDED = {"closed": "closes", "reset": "resets"}


def fault(request: Request, answer: Answer) -> tuple[str, str] | None:
    """What is wrong with an answer: a class and a sentence, or None."""
    if answer.status not in request.statuses:
        quoted = f", {describe(answer.body)}" if answer.body and answer.status != 404 else ""
        return "wrong answer", f"{request.title} was answered with status {answer.status}{quoted}"
    if request.version == "1.0" and answer.chunked:
        return "wrong answer", "the answer is chunked, which HTTP/1.0 does not have"
    if request.body is None:
        return None
    if answer.media_type != "text/plain":
        return "wrong answer", f"Content-Type is {answer.media_type!r}, not text/plain"
    if answer.body != request.body:
        return "wrong body", f"the body is {describe(answer.body)}, not {request.body.decode()!r}"
    return None


def first_fault(asked: list[Request], answers: list[Answer]) -> tuple[int, str, str] | None:
    for i, answer in enumerate(answers[: len(asked)]):
        found = fault(asked[i], answer)
        if found:
            return (i + 1, *found)
    return None


def displaced(asked: list[Request], answers: list[Answer]) -> bool:
    """Whether the answers are right ones, or some of them, but not where they stand."""
    wanted = Counter(min(request.statuses) for request in asked)
    came = Counter(answer.status for answer in answers)
    return not came - wanted and all(
        answer.status == 404
        or (answer.status == 200 and answer.body == BODY and answer.media_type == "text/plain")
        for answer in answers
    )


def judge(talk: Talk, patience: float) -> Verdict:
    """Class what was seen against what was asked."""
    k, n = len(talk.answers), len(talk.asked)
    if talk.end == "surplus":
        return Verdict("too many", k, n, f"more answers than the {n} asked for", False)
    wrong = first_fault(talk.asked, talk.answers)
    disorder = wrong is not None and displaced(talk.asked, talk.answers)
    if wrong and not (disorder and k < n):
        at, seen, sentence = wrong
        seen = "out of order" if disorder else seen
        return Verdict(seen, k, n, f"answer {at} of {n}: {sentence}", False)
    marked = next((i + 1 for i, answer in enumerate(talk.answers) if answer.close), n)
    if marked < n:
        return judge_mark(talk, marked)
    count = f"answered {k} of {n}" + (", in another order" if disorder else "")
    if talk.end in ("content", "noise"):
        seen = "wrong body" if talk.end == "content" else "not HTTP"
        return Verdict(seen, k, n, f"{count}, then came {talk.noise}", False)
    if k == n and talk.buffer:
        rest = describe(bytes(talk.buffer))
        return Verdict("too many", k, n, f"{count}, then came {rest}", False)
    verdict = judge_end(talk, count, patience)
    return verdict._replace(gone=False) if disorder else verdict


def judge_mark(talk: Talk, marked: int) -> Verdict:
    """Class what follows an answer that says it is the last, before the last was asked for."""
    k, n = len(talk.answers), len(talk.asked)
    detail = f"marked answer {marked} of {n} as the last"
    if k > marked:
        return Verdict("closes", k, n, f"{detail}, and yet sent {k}", False)
    if talk.end in ENDED:
        return Verdict("closes", k, n, f"{detail}, and closed", False, gone=True)
    return Verdict("stays open", k, n, f"{detail}, and did not close", False)


def judge_end(talk: Talk, count: str, patience: float) -> Verdict:
    """Class answers that are all right, as far as they came."""
    k, n = len(talk.answers), len(talk.asked)
    ending = ENDINGS.get(talk.end or "", "").format(patience=patience)
    if k == n:
        return Verdict("full", k, n, f"{count}{ending}", True)
    if talk.end == "late":
        return Verdict("slow", k, n, f"{count}{ending}", None)
    if talk.buffer:
        part = f"{count} and {len(talk.buffer)} bytes of the next{ending}"
        return Verdict("truncated", k, n, part, False)
    seen = ENDED.get(talk.end or "", "partial" if k else "hangs")
    return Verdict(seen, k, n, f"{count}{ending}", False, gone=talk.end in ENDED)


# -- The cases -----------------------------------------------------------------------------------


class Probe:
    """A server at an address, and the time that is left for it."""

    def __init__(self, address: str, port: int, depth: int, timeout: float) -> None:
        self.port, self.depth, self.timeout = port, depth, timeout
        host = address.partition("%")[0]
        self.write = Writer(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        self.deadline = time.monotonic() + ALL_TIMEOUTS * timeout
        self.over = f"the {ALL_TIMEOUTS * timeout:g} s for the whole probe were over"
        try:
            self.places = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise UnreachableError(
                f"{address!r} is no address that can be found: {error}"
            ) from None

    def connect(self) -> Talk:
        trouble = ""
        for family, kind, protocol, _, place in list(self.places):
            connection = socket.socket(family, kind, protocol)
            left = max(0.01, self.deadline - time.monotonic())
            connection.settimeout(min(self.timeout, left))
            try:
                connection.connect(place)
            except OSError as error:
                connection.close()
                trouble = trouble or self.sentence(error)
                continue
            # A name may have several addresses: one of them is probed throughout.
            self.places = [(family, kind, protocol, "", place)]
            deadline = min(self.deadline, time.monotonic() + CASE_TIMEOUTS * self.timeout)
            return Talk(connection, deadline)
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
    ) -> Verdict:
        """All requests at once, or in the pieces that `cut` makes of them."""
        with self.connect() as talk:
            talk.ask(requests, self.timeout, cut(requests) if cut else None, pause, shut)
            if talk.end is None:
                talk.listen(SETTLE_S)
            verdict = judge(talk, self.timeout)
            if talk.end == "silent" and verdict.seen in ("partial", "hangs") and not shut:
                return self.nudged(talk, verdict)
            return verdict

    def nudged(self, talk: Talk, verdict: Verdict) -> Verdict:
        """Send one request more: does the server look at what it holds only when it reads?"""
        held = talk.asked[verdict.answered]
        talk.end = None
        # Its right answer is not that of the request held back, so the two cannot be confused.
        talk.ask([self.write.get(missing=held.statuses == {200})], self.timeout)
        more = talk.answers[verdict.answered :]
        if not more:
            return verdict
        if fault(held, more[0]):
            detail = "; one request more was answered, those before it never"
            return verdict._replace(detail=verdict.detail + detail)
        detail = f"; one request more brought {len(more)} of the answers held back"
        return verdict._replace(seen="sequential", detail=verdict.detail + detail)

    def aftermath(self) -> tuple[bool, str, str]:
        """Ask for a plain GET on a new connection: is it answered; if all is not well, what
        class is that, and a sentence. Nothing is said where the time was up before."""
        began = time.monotonic()
        trouble = away = ""
        while not self.time_is_up():
            try:
                with self.connect() as talk:
                    talk.ask([self.write.get()], self.timeout)
                    if talk.answers:
                        return True, "crashes" if away else "", away
                    if talk.end == "silent":
                        return False, "hangs", "no new connection is answered any more"
                    trouble = "new connections end without an answer"
            except UnreachableError as error:
                trouble = str(error)
            took = time.monotonic() - began
            if took >= self.timeout:
                return False, "crashes", trouble
            time.sleep(ASK_AGAIN_S)
            away = f"the server was away for {time.monotonic() - began:.1f} s"
        return True, "", ""

    def time_is_up(self) -> bool:
        return time.monotonic() >= self.deadline


def single(probe: Probe) -> Verdict:
    requests = probe.write.alternating(2)
    with probe.connect() as talk:
        for request in requests:
            if talk.end is None:
                talk.ask([request], probe.timeout)
            if talk.end is None:
                talk.listen(SETTLE_S)
        if talk.end != "surplus":
            talk.asked = requests
        return judge(talk, probe.timeout)


def pipelined(probe: Probe) -> Verdict:
    return probe.batch(probe.write.alternating(probe.depth))


def deeper(probe: Probe) -> Verdict:
    return probe.batch(probe.write.mixed(max(DEEPER_AT_LEAST, DEEPER * probe.depth)))


def keep_alive(probe: Probe) -> Verdict:
    n = probe.depth
    requests = probe.write.mixed(BATCHES * n)
    with probe.connect() as talk:
        for i in range(0, len(requests), n):
            talk.ask(requests[i : i + n], probe.timeout)
            if i == 0 and talk.end is None:
                # A server that closes after a batch is to be seen doing that, not resetting
                # because of the next one.
                talk.listen(SETTLE_S)
            if talk.end is not None:
                break
        whole = len(talk.answers) // n
        if talk.end == "late" and whole:
            # A slow server is no broken one: what it had time for is judged.
            talk.end = None
            del talk.asked[whole * n :], talk.answers[whole * n :]
            talk.buffer.clear()
        elif talk.end not in (None, "surplus"):
            talk.asked = requests
    verdict = judge(talk, probe.timeout)
    if verdict.conforms:
        detail = f"{verdict.detail} in {whole} batches"
        if whole < BATCHES:
            detail += f"; the time was up before the other {BATCHES - whole}"
        return verdict._replace(detail=detail)
    return verdict


def cut_in(find: bytes, after: int) -> Callable[[list[Request]], list[bytes]]:
    """Cut in two, in the middle request: so many bytes after what is looked for."""

    def cut(requests: list[Request]) -> list[bytes]:
        data = joined(requests)
        at = data.index(find, len(joined(requests[: len(requests) // 2]))) + after
        return [data[:at], data[at:]]

    return cut


def every_byte(requests: list[Request]) -> list[bytes]:
    data = joined(requests)
    return [data[i : i + 1] for i in range(len(data))]


def cut_request_line(probe: Probe) -> Verdict:
    return probe.batch(probe.write.mixed(probe.depth), cut_in(b"GET /", 2), CUT_PAUSE_S)


def cut_header_name(probe: Probe) -> Verdict:
    return probe.batch(probe.write.mixed(probe.depth), cut_in(b"\r\nHost", 4), CUT_PAUSE_S)


def cut_cr_lf(probe: Probe) -> Verdict:
    return probe.batch(probe.write.mixed(probe.depth), cut_in(b"\r\n\r\n", 3), CUT_PAUSE_S)


def cut_bytes(probe: Probe) -> Verdict:
    return probe.batch(probe.write.mixed(3), every_byte, BYTE_PAUSE_S)


def close_in_mid_batch(probe: Probe) -> Verdict:
    write = probe.write
    good = write.mixed(FEW)
    middle = FEW // 2
    asked = [*good[:middle], write.get(fields="Connection: close\r\n")]
    return must_close(probe, asked, joined(asked + good[middle + 1 :]))


def http_1_0(probe: Probe) -> Verdict:
    requests = probe.write.mixed(1, version="1.0")
    return must_close(probe, requests, joined(requests))


def must_close(probe: Probe, asked: list[Request], data: bytes) -> Verdict:
    """More is sent than may be answered: the last one that is asked ends the connection."""
    n = len(asked)
    with probe.connect() as talk:
        talk.ask(asked, probe.timeout, [data])
        if talk.end is None:
            talk.listen(probe.timeout)
        verdict = judge(talk, probe.timeout)
        if verdict.seen == "full" and talk.end is None:
            detail = f"{verdict.detail}, then neither closed nor said anything"
            return verdict._replace(seen="stays open", detail=detail, conforms=False)
        if verdict.seen == "too many":
            detail = f"went on answering after answer {n}, which was to be the last"
            return verdict._replace(detail=detail)
        if verdict.seen == "full" and not talk.answers[-1].close and asked[-1].version == "1.1":
            return verdict._replace(detail=f"{verdict.detail} without having said so")
        return verdict


def http_1_0_keep_alive(probe: Probe) -> Verdict:
    requests = probe.write.mixed(FEW, "Connection: keep-alive\r\n", "1.0")
    verdict = probe.batch(requests)
    if verdict.gone and verdict.answered:
        return verdict._replace(conforms=True, detail=f"{verdict.detail}: keep-alive is an offer")
    return verdict


def head(probe: Probe) -> Verdict:
    write = probe.write
    return probe.batch(
        [write.get(), write.head(), write.get(missing=True), write.head(), write.get()]
    )


def post(probe: Probe) -> Verdict:
    # A body that looks like a request: a server that does not read it as a body answers it.
    content = probe.write.get().data
    return with_content(probe, probe.write.post(f"Content-Length: {len(content)}\r\n", content))


def post_chunked(probe: Probe) -> Verdict:
    content = probe.write.get().data
    middle = len(content) // 2
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(part), part) for part in (content[:middle], content[middle:], b"")
    )
    return with_content(probe, probe.write.post("Transfer-Encoding: chunked\r\n", chunks))


def with_content(probe: Probe, request: Request) -> Verdict:
    write = probe.write
    before = [write.get(), request]
    verdict = probe.batch([*before, write.get(missing=True), write.get()])
    if verdict.gone and verdict.answered == len(before):
        detail = f"{verdict.detail}: a body that is not wanted need not be read"
        return verdict._replace(conforms=True, detail=detail)
    return verdict


def bad_request(probe: Probe) -> Verdict:
    good = probe.write.mixed(FEW - 1)
    bad = Request(b"this is no request\r\n\r\n", "the bad request", frozenset(range(400, 600)))
    with probe.connect() as talk:
        talk.ask([*good, bad], probe.timeout)
        if talk.end is None:
            talk.listen(SETTLE_S)
        verdict = judge(talk, probe.timeout)
        if verdict.gone and verdict.answered == len(good):
            return verdict._replace(conforms=True)
        if verdict.seen == "full":
            status = f"the bad one with status {talk.answers[-1].status}"
            return verdict._replace(detail=f"{verdict.detail}; {status}")
        return verdict


def half_close(probe: Probe) -> Verdict:
    return probe.batch(probe.write.mixed(FEW), shut=True)


class Case(NamedTuple):
    name: str
    title: str
    asks: str
    relied_on: bool
    run: Callable[[Probe], Verdict]


STREAM = (
    "A message ends where its own syntax says (RFC 9112, 2.1 and 6.3); TCP carries a stream of"
    " bytes and no boundaries (RFC 9293, 2.2), so a cut at this place means nothing."
)
CASES = (
    Case(
        "single",
        "one request after the other",
        "A connection of HTTP/1.1 persists after a response (RFC 9112, 9.3)."
        " The contract of a framework: GET / is 200, text/plain, the exact body; others are 404.",
        True,
        single,
    ),
    Case(
        "pipelined",
        "as many requests as will be measured, in one write",
        "Responses to pipelined requests come in the order of the requests (RFC 9112, 9.3.2).",
        True,
        pipelined,
    ),
    Case(
        "pipelined-deeper",
        "many more requests than will be measured, in one write",
        "No number of requests is named that a server may stop at (RFC 9112, 9.3.2).",
        True,
        deeper,
    ),
    Case(
        "keep-alive",
        f"{BATCHES} batches on one connection",
        "A connection of HTTP/1.1 persists after a response (RFC 9112, 9.3), and a server"
        " should sustain it where it can (9.5).",
        True,
        keep_alive,
    ),
    Case("cut-in-request-line", "a batch cut inside a method", STREAM, False, cut_request_line),
    Case(
        "cut-in-header-name", "a batch cut inside a header's name", STREAM, False, cut_header_name
    ),
    Case("cut-between-cr-and-lf", "a batch cut between CR and LF", STREAM, False, cut_cr_lf),
    Case("cut-byte-by-byte", "a batch that comes byte by byte", STREAM, False, cut_bytes),
    Case(
        "close-in-mid-batch",
        "Connection: close on a request in the middle",
        "The response to it is the last: the server closes after it, should say so, and"
        " must not process what follows (RFC 9112, 9.6).",
        False,
        close_in_mid_batch,
    ),
    Case(
        "http-1.0",
        "HTTP/1.0, which does not persist",
        "Without keep-alive a connection of HTTP/1.0 closes after the response (RFC 9112, 9.3)."
        " The answer is not chunked (6.1).",
        False,
        http_1_0,
    ),
    Case(
        "http-1.0-keep-alive",
        "HTTP/1.0 that asks to persist",
        "A server may honour keep-alive and answer all, or close after the first"
        " (RFC 9112, 9.3 and C.2.2).",
        False,
        http_1_0_keep_alive,
    ),
    Case(
        "head",
        "HEAD among GETs",
        "The response to HEAD ends with its header section, whatever Content-Length says"
        " (RFC 9112, 6.3; RFC 9110, 9.3.2).",
        False,
        head,
    ),
    Case(
        "post",
        "a POST with a body among GETs",
        "The server reads the whole body, or closes after its response (RFC 9112, 9.3):"
        " a body is never the next request.",
        False,
        post,
    ),
    Case(
        "post-chunked",
        "a POST with a chunked body among GETs",
        "A recipient must be able to parse the chunked coding (RFC 9112, 7.1), reads the whole"
        " body, or closes after its response (9.3).",
        False,
        post_chunked,
    ),
    Case(
        "bad-request",
        "a bad request after good ones",
        "The good ones are answered in order (RFC 9112, 9.3.2); the bad one should be answered"
        " with 400 and the connection be closed (2.2): either will do here.",
        False,
        bad_request,
    ),
    Case(
        "half-close",
        "no more to send, and all answers wanted",
        "A client that closes its sending half still wants the responses (RFC 9112, 9.6).",
        False,
        half_close,
    ),
)
RELIED_ON = sum(case.relied_on for case in CASES)


# -- The run -------------------------------------------------------------------------------------


@dataclass
class Report:
    address: str
    port: int
    depth: int
    started: float = field(default_factory=time.time)
    ended: float = 0.0
    cases: list[dict[str, object]] = field(default_factory=list)
    error: str | None = None

    def add(self, case: Case, verdict: Verdict, seconds: float) -> None:
        self.cases.append(
            {
                "name": case.name,
                "title": case.title,
                "asks": case.asks,
                "relied_on": case.relied_on,
                "class": verdict.seen,
                "conforms": verdict.conforms,
                "answered": verdict.answered,
                "expected": verdict.expected,
                "detail": verdict.detail,
                "seconds": round(seconds, 3),
            }
        )

    def trouble(self) -> list[str]:
        """Return the cases that a measurement relies on and that do not hold."""
        return [
            f"{case['name']} ({case['class']})"
            for case in self.cases
            if case["relied_on"] and case["conforms"] is not True
        ]

    def exit_status(self) -> int:
        if self.error is not None:
            return 2
        return 1 if self.trouble() else 0

    def as_json(self) -> str:
        document = {
            "schema_version": SCHEMA_VERSION,
            "address": self.address,
            "port": self.port,
            "depth": self.depth,
            "started": self.started,
            "ended": self.ended,
            "cases": self.cases,
            "error": self.error,
        }
        return json.dumps(document, indent=1) + "\n"

    def as_text(self) -> str:
        lines = [f"{self.address} port {self.port}, depth {self.depth}"]
        if self.error is not None:
            return f"{lines[0]}\nNothing was probed: {self.error}.\n"
        marks = {True: "yes", False: "NO", None: "?"}
        rows = [("case", "relied on", "conforms", "class", "what was seen")]
        rows += [
            (
                str(case["name"]),
                "yes" if case["relied_on"] else "",
                marks[case["conforms"]],  # type: ignore[index]
                str(case["class"]),
                str(case["detail"]),
            )
            for case in self.cases
        ]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines.append("")
        lines += [
            "  ".join(cell.ljust(widths[i]) for i, cell in enumerate(row)).rstrip() for row in rows
        ]
        return "\n".join([*lines, "", self.conclusion()]) + "\n"

    def conclusion(self) -> str:
        trouble = self.trouble()
        if trouble:
            return f"NOT all that a pipelined measurement relies on holds: {', '.join(trouble)}."
        if sum(bool(case["relied_on"]) for case in self.cases) < RELIED_ON:
            return "No trouble, but not every case that a measurement relies on was chosen."
        return "All that a pipelined measurement relies on holds."


def run_case(probe: Probe, case: Case) -> tuple[Verdict, str]:
    """Run a case: its verdict, and why no other can follow, if none can."""
    try:
        verdict = case.run(probe)
    except UnreachableError as error:
        if probe.time_is_up():
            return Verdict("not probed", None, None, probe.over, None), probe.over
        verdict = Verdict("refused", None, None, str(error), False)
    if case.name == "single" and not verdict.answered and verdict.seen != "closes":
        return verdict, f"not one request was answered ({verdict.seen})"
    there, seen, sentence = probe.aftermath()
    if not sentence:
        return verdict, ""
    verdict = verdict._replace(seen=seen, detail=f"{verdict.detail}; {sentence}", conforms=False)
    return verdict, "" if there else f"since {case.name} {sentence}"


def run_probe(
    address: str, port: int, depth: int, timeout: float, names: list[str] | None = None
) -> Report:
    report = Report(address, port, depth)
    stopped = ""
    chosen = [case for case in CASES if not names or case.name in names]
    try:
        probe = Probe(address, port, depth, timeout)
        probe.connect().connection.close()
    except UnreachableError as error:
        report.error = stopped = str(error)
    for case in chosen:
        began = time.monotonic()
        if not stopped and probe.time_is_up():
            stopped = probe.over
        if stopped:
            verdict = Verdict("not probed", None, None, stopped, None)
        else:
            verdict, stopped = run_case(probe, case)
        report.add(case, verdict, time.monotonic() - began)
    report.ended = time.time()
    return report


# -- The command line ----------------------------------------------------------------------------


def number(low: float, high: float, kind: type = int) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from {low:g} to {high:g}")
        return value

    return read


def parser() -> argparse.ArgumentParser:
    total = ALL_TIMEOUTS * 2
    words = argparse.ArgumentParser(
        description="Probe whether a server answers pipelined HTTP/1.1 requests: all of them, in"
        " order, with the right bodies, and what it does at awkward places. It is expected to"
        " answer GET / with 200, text/plain, `Hello world!`, and any other path with 404."
        " Some cases are malformed on purpose: probe only servers that are yours.",
        epilog=f"A case ends when the server is silent for --timeout, or after {CASE_TIMEOUTS}"
        f" times that; the whole probe after {ALL_TIMEOUTS} times that ({total} s by default)."
        " Exit status: 0 if all that a pipelined measurement relies on holds, 1 if not,"
        " 2 if the command is wrong or nothing can be reached. Cases: "
        + ", ".join(case.name for case in CASES)
        + ".",
    )
    words.add_argument("address", metavar="ADDRESS", help="IPv4, IPv6 or a name")
    words.add_argument("port", metavar="PORT", type=number(1, 65_535))
    words.add_argument(
        "--depth",
        metavar="N",
        type=number(1, 1_000),
        default=16,
        help="the largest depth that will be measured, 1 to 1000 (default 16)",
    )
    words.add_argument(
        "--timeout",
        metavar="S",
        type=number(0.05, 60, float),
        default=2.0,
        help="seconds of silence that end a case, 0.05 to 60 (default 2)",
    )
    words.add_argument(
        "--case",
        metavar="NAME",
        action="append",
        choices=[case.name for case in CASES],
        help="probe this case alone; may be given again",
    )
    words.add_argument(
        "--json",
        metavar="FILE",
        help="write the result there as JSON; with - to the standard output, without the table",
    )
    return words


def main(argv: list[str] | None = None) -> int:
    options = parser().parse_args(argv)
    report = run_probe(options.address, options.port, options.depth, options.timeout, options.case)
    if options.json == "-":
        sys.stdout.write(report.as_json())
        return report.exit_status()
    sys.stdout.write(report.as_text())
    if options.json:
        try:
            Path(options.json).write_text(report.as_json(), encoding="utf-8")
        except OSError as error:
            print(f"{options.json} cannot be written: {error.strerror}", file=sys.stderr)
            return 2
    return report.exit_status()


if __name__ == "__main__":
    sys.exit(main())
