"""What the generator looks at while a load goes on, on real sockets of loopback."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from generator import connections, verification
from generator.tool import Order

from tests.unit.test_probe import Server, healthy, right, running, spoiling


def order(port: int, **other: Any) -> Order:
    return Order(
        **{
            "address": "127.0.0.1", "port": port, "depth": 5, "connections": 4, "threads": 1,
            "duration": 1, "warmup": 1, "patience": 5.0,
        } | other
    )  # fmt: skip


@contextmanager
def opened(port: int, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(count)
        ]


def test_each_connection_is_seen_with_what_it_received() -> None:
    with running(healthy) as server, opened(server.port, 3) as clients:
        clients[0].sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n" * 5)
        received = 0
        while b"Hello world!" not in clients[0].recv(65_536, socket.MSG_PEEK)[-12:]:
            pass
        received = len(clients[0].recv(65_536))
        seen = connections.connections_to("127.0.0.1", server.port, set())
    assert seen
    assert seen["received_bytes"][:2] == [0, 0]
    assert seen["received_bytes"][2] >= received > 0
    assert [len(column) for column in seen.values() if isinstance(column, list)] == [3, 3, 3]
    assert abs(seen["at"] - time.time()) < 60


def test_silence_is_counted_from_the_last_byte() -> None:
    with running(healthy) as server, opened(server.port, 1):
        time.sleep(0.3)
        seen = connections.connections_to("127.0.0.1", server.port, set())
    assert seen
    assert seen["last_received_ms"][0] >= 300


def test_connections_of_another_process_are_left_out() -> None:
    with running(healthy) as server, opened(server.port, 2):
        own = connections.socket_inodes(os.getpid())
        assert len(own) >= 2
        seen = connections.connections_to("127.0.0.1", server.port, own)
    assert seen
    assert (seen["received_bytes"], seen["last_sent_ms"], seen["last_received_ms"]) == ([], [], [])


def test_a_snapshot_is_taken_before_the_time_is_over() -> None:
    with running(healthy) as server, opened(server.port, 2):
        began = time.time()
        with connections.snapshot(order(server.port), 0.5, other=1) as taken:
            time.sleep(0.6)
        seen = json.loads(taken.text)
        assert len(seen["received_bytes"]) == 2
        assert seen["at"] >= began + 0.5 - connections.BEFORE_END_S
        with connections.snapshot(order(server.port), 60, other=1) as ended_early:
            pass
    assert ended_early.text == "null"


def verified(server: Server, depth: int = 5, rate: float | None = 20_000) -> dict[str, Any]:
    """What a verification of warm-up and window says of a server that is not loaded."""
    with verification.verifying(order(server.port, depth=depth)) as running_one:
        running_one.warm_up(0.5)
        running_one.measure(0.6, rate)
    document: dict[str, Any] = json.loads(running_one.text)
    return document


@pytest.mark.parametrize("depth", [1, 2, 16])
def test_right_answers_are_counted(depth: int) -> None:
    with running(healthy) as server:
        seen = verified(server, depth)
    assert seen["first_wrong"] is None
    warmup, measured = seen["phases"]["warmup"], seen["phases"]["measured"]
    assert 1 <= warmup["batches"] <= 0.5 / verification.WARMUP_EVERY_S
    assert 1 <= measured["batches"] <= 0.6 / verification.LEAST_EVERY_S
    for phase in (warmup, measured):
        assert phase["answered"] == phase["requests"] > 0
        assert (phase["wrong"], phase["opened"]) == (0, 0)


def test_no_more_is_asked_than_a_thousandth_of_what_is_measured() -> None:
    with running(healthy) as server:
        few = verified(server, depth=16, rate=10_000)["phases"]["measured"]
        none = verified(server, rate=1_000)["phases"]
        unknown = verified(server, rate=None)["phases"]
    assert 1 <= few["requests"] <= 6
    assert "measured" not in none
    assert "measured" not in unknown


@pytest.mark.parametrize(
    ("spoil", "label"),
    [
        (lambda paths: [right(path).replace(b"world", b"w0rld") for path in paths], "wrong body"),
        (lambda paths: [right(path) for path in reversed(paths)], "out of order"),
    ],
)
def test_the_first_wrong_answer_is_kept(spoil: Any, label: str) -> None:
    def spoiled(connection: socket.socket, paths: list[str]) -> object:
        return connection.sendall(b"".join(spoil(paths)))

    with running(spoiling(spoiled)) as server:
        seen = verified(server)
    first = seen["first_wrong"]
    assert (first["seen"], first["phase"]) == (label, "warmup")
    assert first["detail"]
    assert abs(first["at"] - time.time()) < 60
    warmup = seen["phases"]["warmup"]
    assert warmup["wrong"] == warmup["batches"] > 0


def silent(connection: socket.socket, _: Server) -> None:
    """Reads, and never answers."""
    while connection.recv(65_536):
        pass


def test_no_answer_is_not_a_wrong_one() -> None:
    with running(silent) as server:
        seen = verified(server)
    assert seen["first_wrong"] is None
    assert seen["phases"]["warmup"]["answered"] == 0


def test_a_server_that_is_gone_is_not_wrong() -> None:
    with running(healthy) as server:
        port = server.port
    with verification.verifying(order(port)) as running_one:
        running_one.warm_up(0.2)
    seen = json.loads(running_one.text)
    assert seen["first_wrong"] is None
    assert seen["phases"]["warmup"]["batches"] == 0
