"""The one reader of answers: what came over a connection, as HTTP/1.1 and 1.0 frame it.

The ready check, the probe and the verification under load read with it, so that a server which one
of them understands is understood by all. Whatever RFC 9112 allows is read, in whatever pieces it
comes; what it forbids is not HTTP. No HTTP library stands between: it would repair what is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

HEAD_LIMIT = 65_536
"""Bytes of a header section, of a trailer section, and of a line that begins a chunk."""
ANSWER_LIMIT = 262_144
"""Bytes of a content."""
FRAMED = 16
"""Times the limit of a content: what it may be with the framing of its chunks."""
KEPT = 61
"""First bytes of a content that an answer keeps."""
SHOWN = 60  # bytes that a sentence quotes
INTERIM_KINDS = 100

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
STATUS_LINE = re.compile(rb"HTTP/1\.[01] [1-5][0-9]{2}(?: [^\r\n\0]*)?\r\n")
FIELD = re.compile(rb"(" + TOKEN + rb"):[ \t]*([^\r\n\0]*?)[ \t]*")
CHUNK = re.compile(rb"0*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n\0]*)?\r\n")
CHUNK_BEGUN = re.compile(rb"[0-9A-Fa-f]+[ \t]*(?:;[^\r\n\0]*)?\r?|")


class NotHttpError(Exception):
    """What came is not an answer; the text says what it is instead."""


@dataclass(frozen=True)
class Answer:
    """One final answer. media_type: in lower case, without parameters; "" if there is none.

    body: the first KEPT bytes of the content; length: of all of it, without its framing.
    announced: what Content-Length is, or None. close: whether it has `Connection: close`;
    persists: whether the connection goes on after it (RFC 9112, 9.3), which an answer of HTTP/1.0
    must say. size: its bytes on the wire, without `interim`: how many answers of each status 1xx
    came before it, which wrk counts as answers, too. fields: names, in lower case.
    """

    status: int
    version: str
    media_type: str
    body: bytes
    length: int
    announced: int | None
    chunked: bool
    close: bool
    persists: bool
    size: int
    interim: dict[int, int]
    fields: frozenset[str]


class Head(NamedTuple):
    """A status line and the header fields, names in lower case."""

    status: int
    version: str
    fields: dict[str, list[str]]
    end: int  # where the body begins

    def values(self, name: str) -> list[str]:
        """The members of a field that is a list, in lower case."""
        parts = ",".join(self.fields.get(name, [])).split(",")
        return [part.strip().lower() for part in parts if part.strip()]


@dataclass
class Content:
    """How much of a content was read. at: where the next byte of it, or of its framing, stands."""

    at: int
    left: int = 0
    """Bytes of the chunk, or of the content, that are still to come."""
    length: int = 0
    body: bytearray = field(default_factory=bytearray)
    stage: str = "size"
    """Of a chunked one: size, data, end (of a chunk's data), trailer."""


class Reader:
    """Reads the answers of one connection, in pieces of any length.

        reader.feed(data); while (answer := reader.take("GET")): ...

    Each byte is looked at once, however small the pieces are.
    """

    def __init__(self, answer_limit: int = ANSWER_LIMIT) -> None:
        self.buffer = bytearray()
        """What has come and is not of a whole answer."""
        self.ended = False
        self._limit = answer_limit
        self._searched = 0
        self._head: Head | None = None
        self._content: Content | None = None
        self._interim: dict[int, int] = {}

    def feed(self, data: bytes) -> None:
        self.buffer += data

    def end(self) -> None:
        """No more bytes will come: a content without a length is whole."""
        self.ended = True

    def forget(self) -> None:
        """Throw away what is not of a whole answer."""
        self._next(len(self.buffer))

    def take(self, method: str = "GET") -> Answer | None:
        """The next answer, to a request of that method; None while it is not whole.

        Raises NotHttpError if what came is not an answer, or is too long to be read.
        """
        while self._head is None:
            if not self.buffer:
                return None
            head = self._read_head()
            if head is None:
                return None
            if head.status == 101:
                raise NotHttpError("status 101, and nobody asked for another protocol")
            if head.status >= 200:
                self._head, self._content = head, Content(head.end)
                break
            if head.status in self._interim or len(self._interim) < INTERIM_KINDS:
                self._interim[head.status] = self._interim.get(head.status, 0) + 1
            interim, self._interim = self._interim, {}
            self._next(head.end)
            self._interim = interim
        return self._read_answer(self._head, method)

    def _next(self, stop: int) -> None:
        """What follows begins at `stop`."""
        del self.buffer[:stop]
        self._searched, self._head, self._content, self._interim = 0, None, None, {}

    def _read_head(self) -> Head | None:
        """Read a status line and the header fields; None while they are not complete."""
        line = bytes(self.buffer[: self.buffer.find(b"\n", 0, HEAD_LIMIT) + 1])
        begun = self.buffer[:7] == b"HTTP/1."[: len(self.buffer)]
        if not begun or (line and not STATUS_LINE.fullmatch(line)):
            raise NotHttpError(describe(bytes(self.buffer[: SHOWN + 1])))
        end = self.buffer.find(b"\r\n\r\n", max(0, self._searched - 3))
        self._searched = len(self.buffer)
        if max(end, len(self.buffer) if end < 0 else 0) > HEAD_LIMIT:
            raise NotHttpError(f"a header section of more than {HEAD_LIMIT:,} bytes")
        if end < 0:
            return None
        self._searched = end + 4
        fields: dict[str, list[str]] = {}
        for text in bytes(self.buffer[len(line) : end]).split(b"\r\n") if end > len(line) else []:
            name, value = field_line(text)
            fields.setdefault(name.lower(), []).append(value)
        return Head(int(line[9:12]), line[5:8].decode("ascii"), fields, end + 4)

    def _read_answer(self, head: Head, method: str) -> Answer | None:
        content, codings, announced = self._content, transfer_codings(head), content_length(head)
        assert content
        if method == "HEAD" or head.status in (204, 304):
            whole = True
        elif codings:
            whole = self._read_chunks(content)
        elif announced is None:  # the content ends where the connection does
            self._read_content(content, len(self.buffer) - content.at)
            whole = self.ended
        else:
            self._refuse_more_than_the_limit(announced)
            self._read_content(content, announced - content.length)
            whole = content.length == announced
        if not whole:
            return None
        close = "close" in head.values("connection")
        keeps = head.version == "1.1" or "keep-alive" in head.values("connection")
        answer = Answer(
            status=head.status,
            version=head.version,
            media_type=head.fields.get("content-type", [""])[0].partition(";")[0].strip().lower(),
            body=bytes(content.body),
            length=content.length,
            announced=announced,
            chunked=bool(codings),
            close=close,
            persists=keeps and not close,
            size=content.at,
            interim=self._interim,
            fields=frozenset(head.fields),
        )
        self._next(content.at)
        return answer

    def _refuse_more_than_the_limit(self, length: int) -> None:
        if length > self._limit:
            raise NotHttpError(f"one answer of more than {self._limit:,} bytes")

    def _read_content(self, content: Content, most: int) -> int:
        """Read at most so many bytes of it; how many were there."""
        count = min(most, len(self.buffer) - content.at)
        self._refuse_more_than_the_limit(content.length + count)
        if len(content.body) < KEPT:
            room = min(count, KEPT - len(content.body))
            content.body += self.buffer[content.at : content.at + room]
        content.at += count
        content.length += count
        return count

    def _read_chunks(self, content: Content) -> bool:
        """Read as many chunks as are there; whether that was all, with the trailer section."""
        if len(self.buffer) > FRAMED * self._limit:
            raise NotHttpError(f"chunks of more than {FRAMED * self._limit:,} bytes")
        while content.stage != "trailer":
            if content.stage == "size":
                if not self._read_size(content):
                    return False
            elif content.stage == "data":
                content.left -= self._read_content(content, content.left)
                if content.left:
                    return False
                content.stage = "end"
            else:
                came = self.buffer[content.at : content.at + 2]
                if came != b"\r\n"[: len(came)]:
                    raise NotHttpError("a chunk that is longer than it says")
                if len(came) < 2:
                    return False
                content.at += 2
                content.stage = "size"
        return self._read_trailer(content)

    def _read_size(self, content: Content) -> bool:
        """Read the line that begins a chunk; whether all of it was there."""
        end = self.buffer.find(b"\n", max(content.at, self._searched))
        self._searched = len(self.buffer)
        stop = end + 1 if end >= 0 else min(len(self.buffer), content.at + HEAD_LIMIT + 1)
        if stop - content.at > HEAD_LIMIT:
            raise NotHttpError(f"a line of more than {HEAD_LIMIT:,} bytes that begins a chunk")
        if end < 0:
            # a long line in many pieces is looked at whole only once it has ended
            begun = bytes(self.buffer[content.at : content.at + SHOWN + 1])
            if not CHUNK_BEGUN.fullmatch(begun):
                raise NotHttpError(f"a chunk that begins {describe(begun)}")
            return False
        line = CHUNK.fullmatch(self.buffer, content.at, stop)
        if not line:
            begun = bytes(self.buffer[content.at : content.at + SHOWN + 1])
            raise NotHttpError(f"a chunk that begins {describe(begun)}")
        content.left = int(line[1], 16)
        self._refuse_more_than_the_limit(content.length + content.left)
        content.at = stop
        content.stage = "data" if content.left else "trailer"
        self._searched = content.at
        return True

    def _read_trailer(self, content: Content) -> bool:
        """Read trailer fields, up to an empty line; whether it was there."""
        while (end := self.buffer.find(b"\r\n", max(content.at, self._searched - 1))) >= 0:
            line = bytes(self.buffer[content.at : end])
            content.at = self._searched = end + 2
            if not line:
                return True
            field_line(line)
        self._searched = len(self.buffer)
        if len(self.buffer) - content.at > HEAD_LIMIT:
            raise NotHttpError(f"a trailer section of more than {HEAD_LIMIT:,} bytes")
        return False


def field_line(text: bytes) -> tuple[str, str]:
    """Name and value of a field."""
    match = FIELD.fullmatch(text)
    if not match:
        raise NotHttpError(f"a header line of {describe(text)}")
    name, value = (part.decode("latin-1") for part in match.groups())
    return name, value


def transfer_codings(head: Head) -> list[str]:
    """None, or `chunked`: nothing else was asked for."""
    codings = head.values("transfer-encoding")
    if codings and "content-length" in head.fields:
        raise NotHttpError("an answer with both Content-Length and Transfer-Encoding")
    if codings not in ([], ["chunked"]):
        raise NotHttpError(f"a transfer coding of {', '.join(codings)!r}")
    if codings and head.version == "1.0":
        raise NotHttpError("an answer of HTTP/1.0 that is chunked")
    return codings


def content_length(head: Head) -> int | None:
    lengths = {length.lstrip("0") or length[:1] for length in head.values("content-length")}
    if not lengths:
        return None
    text = ", ".join(sorted(lengths))
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise NotHttpError(f"a Content-Length of {text!r}")
    return int(text)


def describe(data: bytes) -> str:
    """What came, in words or as its first bytes."""
    if data[:1] in (b"\x15", b"\x16") and data[1:2] == b"\x03":
        return "a TLS record: the port speaks TLS"
    more = "" if len(data) <= SHOWN else "..."
    return f"{data[:SHOWN]!r}{more}"
