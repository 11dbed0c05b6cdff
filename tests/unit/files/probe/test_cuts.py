"""Batches that are cut, and servers that a cut confuses."""

from __future__ import annotations

import re
import socket
import time

import cuts
import pytest
from cuts import ranges

from tests.present import present
from tests.unit.files.probe.servers import (
    PATIENT,
    REQUEST,
    Server,
    answer,
    every,
    healthy,
    right,
    seen,
)


@pytest.fixture(autouse=True)
def long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a busy machine joins no pieces."""
    monkeypatch.setattr(cuts, "PAUSE_S", 0.2)


def in_one_piece(connection: socket.socket, _: Server) -> None:
    """Answer each request that one read brought whole, and forget the rest."""
    while data := connection.recv(65_536):
        paths = [path.decode() for method, path, *_ in REQUEST.findall(data) if method == b"GET"]
        connection.sendall(every(paths))


def refuses_half_a_line(connection: socket.socket, _: Server) -> None:
    """Refuse what one read brought if it ends behind `GET ` and before the line does."""
    buffer = b""
    while data := connection.recv(65_536):
        buffer += data
        *whole, rest = buffer.split(b"\r\n\r\n")
        connection.sendall(every([head.split()[1].decode() for head in whole]))
        if re.fullmatch(rb"GET [^\r]*", rest):
            connection.sendall(answer(505, b"No"))
            return
        buffer = rest


@pytest.mark.parametrize(
    ("name", "seen_as", "sentence"),
    [
        ("cut-at-every-byte", "partial", " cuts"),
        ("cut-byte-by-byte", "hangs", "answered 0 of 3"),
        ("cut-as-a-network-cuts", "partial", "in pieces of 1,448 bytes: "),
    ],
)
def test_a_server_that_needs_a_request_in_one_piece(name: str, seen_as: str, sentence: str) -> None:
    (case,) = seen(in_one_piece, name, timeout=2.0)
    assert (case["class"], case["conforms"]) == (seen_as, False)
    assert sentence in case["detail"]


def test_the_offsets_are_those_at_which_the_server_fails() -> None:
    (case,) = seen(refuses_half_a_line, "cut-at-every-byte")
    offsets = present(case["offsets"])
    assert (case["class"], case["conforms"]) == ("wrong answer", False)
    # three requests, in each from behind `GET ` to before the line's end
    begins = [at for at in offsets if at - 1 not in offsets]
    assert len(begins) == 3
    assert begins[0] == len("GET ")
    assert set(range(4, len("GET / HTTP/1.1") + 1)) <= set(offsets)
    assert "status 505" in case["detail"]
    assert f"{len(offsets)} of " in case["detail"]


def test_a_healthy_server_is_cut_everywhere() -> None:
    everywhere, in_body, in_chunks = seen(
        healthy, "cut-at-every-byte", "cut-in-body", "cut-in-chunks", timeout=PATIENT
    )
    for case in (everywhere, in_body, in_chunks):
        assert (case["class"], case["conforms"], case["offsets"]) == ("full", True, [])
        assert case["answered"] == case["expected"]
    assert present(everywhere["expected"]) > 3 * 130


def test_a_body_that_must_come_whole() -> None:
    def serve(connection: socket.socket, _: Server) -> None:
        buffer = b""
        while data := connection.recv(65_536):
            buffer += data
            while b"\r\n\r\n" in buffer:
                head, _blank, buffer = buffer.partition(b"\r\n\r\n")
                # whatever has come by now is taken for the body
                length = re.search(rb"Content-Length: (\d+)", head)
                buffer = buffer[int(length[1]) :] if length else buffer
                words = head.split()
                if len(words) < 2:  # the rest of a body
                    return
                connection.sendall(right(words[1].decode()))

    (case,) = seen(serve, "cut-in-body", timeout=2.0)
    assert case["conforms"] is False
    assert len(present(case["offsets"])) > 10


def test_what_fails_without_a_cut_is_not_laid_to_the_cut() -> None:
    def serve(connection: socket.socket, _: Server) -> None:
        while data := connection.recv(65_536):
            connection.sendall(answer(503, b"No") * data.count(b"\r\n\r\n"))

    (case,) = seen(serve, "cut-at-every-byte")
    assert case["detail"].startswith("without a cut: answer 1 of 3: GET / was answered with status")
    assert case["offsets"] is None


def test_a_slow_server_is_cut_at_fewer_places() -> None:
    def serve(connection: socket.socket, server: Server) -> None:
        time.sleep(0.1)
        healthy(connection, server)

    (case,) = seen(serve, "cut-at-every-byte", timeout=1.0)
    assert case["conforms"] is True
    assert "there was no time for " in case["detail"]
    assert 0 < present(case["expected"]) < 3 * 130


@pytest.mark.parametrize(
    ("places", "text"),
    [([1], "1"), ([1, 2, 3], "1 to 3"), ([4, 6, 7, 9], "4, 6 to 7, 9"), ([], "")],
)
def test_numbers_in_short(places: list[int], text: str) -> None:
    assert ranges(places) == text
