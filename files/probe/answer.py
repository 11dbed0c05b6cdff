"""Answers, read byte by byte from what has come: no HTTP library, which would repair them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

HEAD_LIMIT = 65_536
ANSWER_LIMIT = 262_144
SHOWN = 60  # bytes of a body that a sentence quotes

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
STATUS_LINE = re.compile(rb"HTTP/1\.[01] [1-5][0-9]{2}(?: [^\r\n\0]*)?\r\n")
FIELD = re.compile(rb"(" + TOKEN + rb"):[ \t]*([^\r\n\0]*?)[ \t]*")
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")


class NotHttpError(Exception):
    """What came is not an answer; the text says what it is instead."""


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
    content = read_body(buffer, head, method, announced, ended)
    if content is None:
        if len(buffer) > head.end + ANSWER_LIMIT or (announced or 0) > ANSWER_LIMIT:
            raise NotHttpError(f"one answer of more than {ANSWER_LIMIT:,} bytes")
        return None
    body, stop = content
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
    text = ", ".join(sorted(lengths))
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise NotHttpError(f"a Content-Length of {text!r}")
    return int(text)


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
