"""Awkward requests among good ones, and servers that do with them what is known."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from tests.unit.files.probe.servers import (
    QUICK,
    Server,
    answer,
    batches,
    every,
    healthy,
    right,
    seen,
    spoiling,
)


def ignorant(connection: socket.socket, _: Server) -> None:
    """Answer everything that looks like a request, and know nothing of versions and fields."""
    for paths in batches(connection):
        connection.sendall(every(paths))


def test_a_server_that_ignores_versions_and_fields() -> None:
    names = ["close-in-mid-batch", "http-1.0", "http-1.0-keep-alive", "head", "post"]
    cases = seen(ignorant, *names, timeout=QUICK)
    assert {case["name"]: case["class"] for case in cases} == {
        "close-in-mid-batch": "too many",
        "http-1.0": "stays open",
        "http-1.0-keep-alive": "full",
        "head": "wrong body",
        "post": "too many",
    }
    assert "a body after the answer to HEAD" in cases[3]["detail"]


@pytest.mark.parametrize("name", ["post", "post-chunked"])
def test_a_body_may_be_refused_by_closing(name: str) -> None:
    def serve(connection: socket.socket, _: Server) -> None:
        for paths in batches(connection):
            if len(paths) == 1:
                connection.sendall(right(paths[0]))
            else:
                connection.sendall(every(paths[:2]))
                return

    (case,) = seen(serve, name)
    assert (case["class"], case["answered"], case["conforms"]) == ("closes", 2, True)


@pytest.mark.parametrize(
    ("reply", "name", "conforms"),
    [
        (every, "closes", True),
        (lambda paths: every(paths) + answer(400, b"bad"), "full", True),
        (lambda paths: every([*paths, "/"]), "wrong answer", False),
        (lambda paths: every(paths[:2]), "closes", False),
        (lambda _: answer(400, b"bad"), "wrong answer", False),
    ],
    ids=["closes", "400", "answered", "good ones lost", "only 400"],
)
def test_a_bad_request(reply: Callable[[list[str]], bytes], name: str, conforms: bool) -> None:
    def spoil(connection: socket.socket, paths: list[str]) -> object:
        connection.sendall(reply(paths))
        return "close"

    (case,) = seen(spoiling(spoil), "bad-request")
    assert (case["class"], case["conforms"]) == (name, conforms)


def test_a_half_closed_connection_that_is_dropped() -> None:
    def serve(connection: socket.socket, _: Server) -> None:
        for paths in batches(connection):
            if len(paths) > 1 and not connection.recv(65_536):
                return
            connection.sendall(every(paths))

    (case,) = seen(serve, "half-close")
    assert (case["class"], case["answered"], case["conforms"]) == ("closes", 0, False)


PLACES = {"close-on-first": 1, "close-in-mid-batch": 3, "close-on-last": 5}


def deaf_to_the_first(connection: socket.socket, _: Server) -> None:
    """Answer all that one read brought, and close only if another request than its first says so.

    As Bun 1.3.14 does.
    """
    while data := connection.recv(65_536):
        *heads, _rest = data.split(b"\r\n\r\n")
        for place, head in enumerate(heads):
            connection.sendall(right(head.split()[1].decode()))
            if place and b"close" in head:
                return


def test_a_close_is_looked_for_at_every_place() -> None:
    cases = seen(deaf_to_the_first, *PLACES, timeout=QUICK)
    assert [case["class"] for case in cases] == ["too many", "full", "full"]
    assert "went on answering after answer 1" in cases[0]["detail"]
    for case, expected in zip(seen(healthy, *PLACES), PLACES.values(), strict=True):
        assert (case["class"], case["answered"], case["expected"]) == ("full", expected, expected)


def test_http_1_0_in_mid_batch_ends_the_connection() -> None:
    (ignored,) = seen(ignorant, "http-1.0-in-mid-batch", timeout=QUICK)
    assert (ignored["class"], ignored["conforms"]) == ("too many", False)
    (kept,) = seen(healthy, "http-1.0-in-mid-batch")
    assert (kept["class"], kept["answered"]) == ("full", 3)


def of_http_1_0(connection: socket.socket, _: Server) -> None:
    """Answer with HTTP/1.0, say nothing of keep-alive, and stay open."""
    for paths in batches(connection):
        connection.sendall(every(paths).replace(b"HTTP/1.1", b"HTTP/1.0"))


def test_an_answer_of_http_1_0_is_the_last_unless_it_says_otherwise() -> None:
    single, pipelined, kept = seen(
        of_http_1_0, "single", "pipelined", "http-1.0-keep-alive", timeout=QUICK
    )
    assert [case["class"] for case in (single, pipelined, kept)] == ["closes"] * 3
    assert (
        "answer 1 of 5 is of HTTP/1.0 without keep-alive, and so the last, and yet sent 5"
        in (pipelined["detail"])
    )

    def saying_so(connection: socket.socket, _: Server) -> None:
        for paths in batches(connection):
            answers = every(paths).replace(b"HTTP/1.1", b"HTTP/1.0")
            connection.sendall(answers.replace(b"\r\n\r\n", b"\r\nConnection: Keep-Alive\r\n\r\n"))

    assert {case["class"] for case in seen(saying_so, "single", "pipelined")} == {"full"}


def test_one_answer_alone_is_not_out_of_order() -> None:
    def chunks(connection: socket.socket, _: Server) -> None:
        while connection.recv(65_536):
            connection.sendall(
                b"HTTP/1.1 200 X\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"c\r\nHello world!\r\n0\r\n\r\n"
            )

    (case,) = seen(chunks, "http-1.0", timeout=QUICK)
    assert (case["class"], case["conforms"]) == ("wrong answer", False)
    assert case["detail"] == "answer 1 of 1: the answer is chunked, which HTTP/1.0 does not have"


def test_an_answer_that_waits_for_the_next_request_is_held_back() -> None:
    def lazy(connection: socket.socket, _: Server) -> None:
        """Send answers only once nothing of a further request is in the buffer."""
        buffer, out = b"", b""
        while data := connection.recv(65_536):
            *heads, buffer = (buffer + data).split(b"\r\n\r\n")
            out += every([head.split()[1].decode() for head in heads])
            if not buffer:
                connection.sendall(out)
                out = b""

    (case,) = seen(lazy, "half-of-the-next", timeout=QUICK)
    assert (case["class"], case["conforms"]) == ("held back", False)
    assert case["detail"] == "4 of 4 answers came only once the next request was whole"
    (kept,) = seen(healthy, "half-of-the-next")
    assert (kept["class"], kept["answered"]) == ("full", 5)


def test_a_half_close_that_is_a_matter_of_time_is_told_as_such() -> None:
    tries = iter(range(1000))

    def serve(connection: socket.socket, _: Server) -> None:
        drops = next(tries) % 4 == 3
        for paths in batches(connection):
            if drops and len(paths) > 1:
                connection.sendall(every(paths[:4]))
                return
            connection.sendall(every(paths))

    (case,) = seen(serve, "half-close")
    assert (case["class"], case["conforms"]) == ("closes", False)
    assert case["detail"] == (
        "all were answered in 15 of 20 tries; else: answered 4 of 5, then closed"
    )
