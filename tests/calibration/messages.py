"""Requests as they come in, and the answer that is right for each."""

from __future__ import annotations

import re
from dataclasses import dataclass

BODY = b"Hello world!"
MOST_HEAD = 65_536

LINE = re.compile(rb"([A-Z]+) ([!-~]+) HTTP/1\.([01])")
HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)")


@dataclass(frozen=True, slots=True)
class Request:
    """All that counts of a request: its right answer, and how to go on reading."""

    answer: bytes
    last: bool
    body: int = 0
    like_wrk: bool = False
    """Whether Host is its only header, as wrk sends it."""


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
