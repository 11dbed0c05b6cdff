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
