"""A server was silent: what it answers after one request more, and how that is classed."""

from __future__ import annotations

import socket

import pytest

from tests.present import present
from tests.unit.files.probe.servers import QUICK, Serve, Server, answer, batches, right, seen


def holding(answered: int, then: str) -> Serve:
    """Answers so many of a batch, and with the next read what `then` says."""

    def serve(connection: socket.socket, _: Server) -> None:
        held: list[str] = []
        for paths in batches(connection):
            if len(paths) == 1 and not held:
                connection.sendall(right(paths[0]))
            elif not held:
                held = paths[answered:]
                connection.sendall(b"".join(right(path) for path in paths[:answered]))
            else:
                before = b"".join(right(path) for path in held)
                now = right(paths[0])
                out = {"all": before + now, "held": before, "after": now + before, "new": now}
                connection.sendall(out.get(then, answer(503, b"busy")))

    return serve


@pytest.mark.parametrize(
    ("then", "seen_as", "sentence"),
    [
        ("all", "sequential", "one request more brought 4 of the 4 answers held back"),
        ("held", "sequential", "one request more brought 4 of the 4 answers held back"),
        ("after", "out of order", "one request more was answered before 4 of the answers held"),
        ("new", "partial", "one request more was answered, and those before it were not"),
        ("wrong", "partial", "one request more was answered wrongly"),
    ],
)
def test_what_comes_is_told_apart(then: str, seen_as: str, sentence: str) -> None:
    (case,) = seen(holding(1, then), "pipelined", timeout=QUICK)
    assert (case["class"], case["answered"], case["conforms"]) == (seen_as, 1, False)
    assert sentence in case["detail"]


def test_what_cannot_be_told_is_not_said() -> None:
    """To a POST many answers are right, and so is the one that came to the GET behind it."""

    def serve(connection: socket.socket, _: Server) -> None:
        for paths in batches(connection):
            connection.sendall(right(paths[0]))

    (case,) = seen(serve, "drawn-bodies", timeout=QUICK)
    assert (case["class"], case["answered"]) == ("partial", 1)
    assert case["detail"].endswith("one request more brought one answer, which may be its own")


def test_an_answer_to_get_is_not_taken_for_that_to_head() -> None:
    """A server that has dropped all behind the first HEAD answers the next GET with a body."""

    def serve(connection: socket.socket, _: Server) -> None:
        dropped = False
        while data := connection.recv(65_536):
            if b"HEAD" in data and not dropped:
                dropped = True
                connection.sendall(right("/"))
            else:
                connection.sendall(right(data.split()[1].decode()))

    (case,) = seen(serve, "head", timeout=QUICK)
    assert (case["class"], case["conforms"]) == ("partial", False)
    assert present(case["answered"]) == 1
    assert case["detail"].endswith("one request more was answered, and those before it were not")
