"""Requests that are drawn tell who parses; whoever does so is not accused."""

from __future__ import annotations

import re
import socket

import pytest
from drawn import SEGMENT
from request import Writer

from tests.unit.files.probe.servers import QUICK, Serve, Server, answer, healthy, right, seen

CASES = ["drawn-heads", "drawn-bodies"]


@pytest.mark.parametrize("seed", range(40))
def test_whoever_parses_is_right(seed: int) -> None:
    assert {case["conforms"] for case in seen(healthy, *CASES, seed=seed)} == {True}


def counts_blank_lines(connection: socket.socket, _: Server) -> None:
    """Look at one byte of each path, and parse nothing else."""
    buffer = b""
    while data := connection.recv(65_536):
        *heads, buffer = (buffer + data).split(b"\r\n\r\n")
        for head in heads:
            path = b"/" if head[5:6] == b" " else b"/x"
            connection.sendall(right(path.decode()))


def counts_request_lines(connection: socket.socket, _: Server) -> None:
    while data := connection.recv(65_536):
        for path in re.findall(rb"(?:^|\r\n)[A-Z]+ (\S+) HTTP/1\.[01]\r\n", data):
            connection.sendall(right(path.decode()))


def looks_for_names(connection: socket.socket, _: Server) -> None:
    """Find fields wherever they stand, as `Content-Length: 5` in a value, and in its own case."""
    buffer = b""
    while data := connection.recv(65_536):
        buffer += data
        while b"\r\n\r\n" in buffer:
            head, _blank, buffer = buffer.partition(b"\r\n\r\n")
            if b"Host: " not in head:
                connection.sendall(answer(400, b"no host"))
                return
            length = re.search(rb"Content-Length: (\d+)", head)
            buffer = buffer[int(length[1]) :] if length else buffer
            connection.sendall(right(head.split()[1].decode()))


@pytest.mark.parametrize("serve", [counts_blank_lines, counts_request_lines, looks_for_names])
def test_whoever_looks_for_patterns_is_told(serve: Serve) -> None:
    for seed in range(5):
        cases = seen(serve, *CASES, timeout=QUICK, seed=seed)
        assert all(case["relied_on"] for case in cases)
        assert False in [case["conforms"] for case in cases], seed


def test_the_same_seed_draws_the_same() -> None:
    one, same, other = Writer("host", 80, seed=1), Writer("host", 80, seed=1), Writer("host", 80)
    drawn = [[writer.drawn(True).data for _ in range(5)] for writer in (one, same, other)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert one.drawn_with_content() == same.drawn_with_content()


def test_no_batch_is_too_large_for_a_packet() -> None:
    """Or a network would cut it, and a server be accused of that here."""
    sizes = []

    def serve(connection: socket.socket, server: Server) -> None:
        data = connection.recv(65_536, socket.MSG_PEEK)
        sizes.append(len(data))
        healthy(connection, server)

    for seed in range(10):
        assert {case["conforms"] for case in seen(serve, *CASES, seed=seed)} == {True}
    assert 500 < max(sizes) <= SEGMENT
