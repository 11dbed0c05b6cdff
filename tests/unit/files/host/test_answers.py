"""Whatever HTTP allows is read, the same in whatever pieces it comes; what it forbids is not."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable
from typing import NamedTuple

import pytest
from host.answers import ANSWER_LIMIT, HEAD_LIMIT, KEPT, Answer, NotHttpError, Reader
from hypothesis import given
from hypothesis import strategies as st


class Sent(NamedTuple):
    """An answer as it is sent, and what is to be read of it."""

    data: bytes
    method: str
    status: int
    content: bytes
    persists: bool
    interim: dict[int, int]


def cased(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from([name, name.lower(), name.upper(), name.title()])


SPACES = st.sampled_from(["", " ", "\t", "  \t "])
TOKENS = st.text("abcXYZ019!#$%&'*+.^_`|~-", min_size=1, max_size=20)
VALUES = st.text('abc :;,="\t\xe9\xff', max_size=200).map(lambda text: text.strip(" \t"))
REASONS = st.sampled_from(["", "OK", "not what you think", "\xe9", "HTTP/1.1 200 OK"])
EXTENSIONS = st.one_of(
    st.just(""),
    st.builds("{};{}={}".format, SPACES, TOKENS, TOKENS),
    st.builds(';{}="{}"'.format, TOKENS, st.text("a1 ;=", max_size=300)),
    st.builds("{0};a;b{0}".format, SPACES),
)


@st.composite
def other_fields(draw: st.DrawFn) -> list[str]:
    names = draw(st.lists(TOKENS.map(lambda token: f"X-{token}"), max_size=4))
    return [f"{name}:{draw(SPACES)}{draw(VALUES)}{draw(SPACES)}" for name in names]


@st.composite
def chunked(draw: st.DrawFn, content: bytes) -> bytes:
    data, at = b"", 0
    while at < len(content):
        size = draw(st.integers(1, len(content) - at))
        zeros, written = "0" * draw(st.integers(0, 200)), draw(st.sampled_from(["%x", "%X"])) % size
        data += f"{zeros}{written}{draw(EXTENSIONS)}\r\n".encode("latin-1")
        data += content[at : at + size] + b"\r\n"
        at += size
    last = "0" * draw(st.integers(1, 200)) + draw(EXTENSIONS)
    return data + "\r\n".join([last, *draw(other_fields()), "", ""]).encode("latin-1")


@st.composite
def interim(draw: st.DrawFn) -> tuple[bytes, dict[int, int]]:
    data, counts = b"", dict[int, int]()
    for status in draw(st.lists(st.sampled_from([100, 102, 103, 199]), max_size=4)):
        lines = [f"HTTP/1.1 {status} {draw(REASONS)}", *draw(other_fields()), "", ""]
        data += "\r\n".join(lines).encode("latin-1")
        counts[status] = counts.get(status, 0) + 1
    return data, counts


CONTENTS = st.one_of(
    st.binary(max_size=300),
    st.just(b"Hello world!"),
    st.just(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    st.just(b"\r\n0\r\n\r\n"),
)


@st.composite
def answers(draw: st.DrawFn) -> Sent:
    """Any legal one but those that last until the connection's end."""
    before, counts = draw(interim())
    method = draw(st.sampled_from(["GET", "GET", "HEAD"]))
    status = draw(st.sampled_from([200, 200, 204, 206, 301, 304, 400, 404, 500, 599]))
    version = draw(st.sampled_from(["1.1", "1.1", "1.0"]))
    content = draw(CONTENTS)
    lines, body = draw(other_fields()), b""
    if status != 204:
        if version == "1.1" and draw(st.booleans()):
            lines.append(f"{draw(cased('Transfer-Encoding'))}: {draw(cased('chunked'))}")
            body = draw(chunked(content))
        else:
            length = "0" * draw(st.integers(0, 200)) + str(len(content))
            lines.append(f"{draw(cased('Content-Length'))}:{draw(SPACES)}{length}{draw(SPACES)}")
            body = content
    if method == "HEAD" or status in (204, 304):
        content = body = b""
    keeps = version == "1.1"
    connection = draw(st.sampled_from(["", "close", "keep-alive", "a, Close", "Keep-Alive,b"]))
    if connection:
        lines.append(f"{draw(cased('Connection'))}: {connection}")
        keeps = "close" not in connection.lower() and (keeps or "keep-alive" in connection.lower())
    lines = draw(st.permutations(lines))
    head = "\r\n".join([f"HTTP/{version} {status} {draw(REASONS)}", *lines, "", ""])
    data = before + head.encode("latin-1") + body
    return Sent(data, method, status, content, keeps, counts)


def all_of(pieces: Iterable[bytes], methods: Iterable[str] = ()) -> tuple[list[Answer], Reader]:
    """What is read of pieces, asked for after each of them, by requests of these methods."""
    reader, left, found = Reader(), list(methods), []
    for piece in pieces:
        reader.feed(piece)
        while (answer := reader.take(left[0] if left else "GET")) is not None:
            found.append(answer)
            del left[:1]
    return found, reader


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    stops = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[at:stop] for at, stop in itertools.pairwise(stops)]


@given(st.lists(answers(), min_size=1, max_size=5), st.lists(st.integers(0), max_size=30))
def test_any_legal_answers_in_any_pieces_read_the_same(sent: list[Sent], places: list[int]) -> None:
    data, methods = b"".join(one.data for one in sent), [one.method for one in sent]
    whole, reader = all_of([data], methods)
    assert not reader.buffer
    assert [(one.status, one.body, one.length, one.persists, one.interim) for one in whole] == [
        (one.status, one.content[:KEPT], len(one.content), one.persists, one.interim)
        for one in sent
    ]
    for pieces in (cut(data, places), [bytes([byte]) for byte in data]):
        assert all_of(pieces, methods)[0] == whole


@given(answers(), st.lists(st.integers(0), max_size=9))
def test_half_of_an_answer_is_not_read_and_not_refused(sent: Sent, places: list[int]) -> None:
    last = sent.data[-1:]  # without it nothing is whole
    found, reader = all_of(cut(sent.data[:-1], places), [sent.method])
    assert found == []
    reader.feed(last)
    answer = reader.take(sent.method)
    assert answer is not None
    assert answer.size <= len(sent.data)


@given(CONTENTS, st.lists(st.integers(0), max_size=9))
def test_a_content_without_length_ends_with_the_connection(
    content: bytes, places: list[int]
) -> None:
    found, reader = all_of(cut(b"HTTP/1.0 200 OK\r\n\r\n" + content, places))
    assert found == []
    reader.end()
    answer = reader.take()
    assert answer is not None
    assert (answer.body, answer.length) == (content[:KEPT], len(content))


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", (200, b"ab", b"c")),
        (b"HTTP/1.1 200\r\nContent-length:0\r\n\r\n", (200, b"", b"")),
        (b"HTTP/1.1 204 No\r\n\r\nrest", (204, b"", b"rest")),
        (b"HTTP/1.1 103 Hints\r\nLink: a\r\n\r\nHTTP/1.0 204 No\r\n\r\n", (204, b"", b"")),
        (CHUNKED + b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\nrest", (200, b"abc", b"rest")),
        (CHUNKED + b"1\r\na\r\n0\r\nX: y\r\n\r\nrest", (200, b"a", b"rest")),
        (CHUNKED + b"0" * 5000 + b"1\r\na\r\n0\r\n\r\n", (200, b"a", b"")),
        (CHUNKED + b"1;" + b"x" * 5000 + b"\r\na\r\n0\r\n\r\n", (200, b"a", b"")),
    ],
)
def test_answers_are_read(data: bytes, found: tuple[int, bytes, bytes]) -> None:
    reader = Reader()
    reader.feed(data)
    answer = reader.take()
    assert answer is not None
    assert (answer.status, answer.body, bytes(reader.buffer)) == found


def test_a_large_answer_in_small_pieces_is_read_in_time() -> None:
    """Each byte is looked at once: otherwise this takes minutes."""
    content = b"x" * ANSWER_LIMIT
    line = b"40000;" + b"y" * (HEAD_LIMIT - 8) + b"\r\n"
    head = CHUNKED[:-2] + b"X: " + b"z" * (HEAD_LIMIT - 100) + b"\r\n\r\n"
    data = head + line + content + b"\r\n0\r\n\r\n"
    began = time.process_time()
    (answer,), _ = all_of(data[at : at + 3] for at in range(0, len(data), 3))
    assert answer.length == ANSWER_LIMIT
    assert time.process_time() - began < 60


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"HTTP/2 200\r\n", "HTTP/2"),
        (b"http/1.1 200 OK\r\n", "http/1.1"),
        (b"SSH-2.0-OpenSSH", "SSH"),
        (b"\x15\x03\x01\0\2", "a TLS record"),
        (b"HTTP/1.1 99 OK\r\n", "99"),
        (b"HTTP/1.1 200 OK\n", "200 OK"),
        (b"HTTP/1.1 101 Switching\r\n\r\n", "status 101"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "no colon"),
        (b"HTTP/1.1 200 OK\r\nspace : here\r\n\r\n", "space : here"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", "folded"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n", "2, 3"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n", "-2"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\n", "1e3"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", "both"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "gzip"),
        (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0"),
        (CHUNKED + b"zz\r\n", "zz"),
        (CHUNKED + b"\r\n", "a chunk that begins"),
        (CHUNKED + b"-1\r\n", "-1"),
        (CHUNKED + b"0x1\r\n", "0x1"),
        (CHUNKED + b"1\na\r\n", "a chunk that begins"),
        (CHUNKED + b"1\r\nabc\r\n", "longer than it says"),
        (CHUNKED + b"1\r\na\r\n0\r\nno colon\r\n\r\n", "no colon"),
        (CHUNKED + b"fffffff\r\n", "one answer of more than 262,144 bytes"),
        (CHUNKED + b"1;" + b"x" * HEAD_LIMIT, "a line of more than 65,536 bytes"),
        (CHUNKED + b"0\r\nX: " + b"x" * HEAD_LIMIT, "a trailer section"),
        (CHUNKED + (b"1;" + b"x" * 60_000 + b"\r\na\r\n") * 100, "chunks of more than"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\n", "one answer of more than"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 262_145, "one answer of more than"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * HEAD_LIMIT, "a header section of more than"),
    ],
)
def test_what_is_not_an_answer(data: bytes, sentence: str) -> None:
    with pytest.raises(NotHttpError, match=sentence):
        all_of([data])
    with pytest.raises(NotHttpError):  # which quotes what has come by then
        all_of(data[at : at + 7] for at in range(0, len(data), 7))
