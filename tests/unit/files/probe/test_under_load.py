"""What the generator looks at while a load goes on, on real sockets of loopback."""

from __future__ import annotations

import itertools
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import under_load
from generator import connections, verification
from generator.tool import Order

from tests.unit.files.probe.servers import Server, batches, healthy, right, running, spoiling


def order(port: int, **other: Any) -> Order:
    usual = Order("127.0.0.1", port, 5, 4, threads=1, duration=1, warmup=1, patience=5.0)
    return usual._replace(**other)


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
        seen = connections.connections_to(order(server.port).place, set())
    assert seen
    assert seen["received_bytes"][:2] == [0, 0]
    assert seen["received_bytes"][2] >= received > 0
    assert [len(column) for column in seen.values() if isinstance(column, list)] == [3, 3, 3]
    assert abs(seen["at"] - time.time()) < 60


def test_silence_is_counted_from_the_last_byte() -> None:
    with running(healthy) as server, opened(server.port, 1):
        time.sleep(0.3)
        seen = connections.connections_to(order(server.port).place, set())
    assert seen
    assert seen["last_received_ms"][0] >= 300


def test_connections_of_another_process_are_left_out() -> None:
    with running(healthy) as server, opened(server.port, 2):
        own = connections.socket_inodes(os.getpid())
        assert len(own) >= 2
        seen = connections.connections_to(order(server.port).place, own)
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


SEED = 2  # of six batches, some are as wrk's, and some on a connection of their own
PATIENT_S = 60.0
"""So that a busy machine fails nothing: every batch is asked at once here, and answered in time."""


def verified(port: int, *, depth: int = 5, batches: int = 6, seconds: float = PATIENT_S) -> Any:
    """What a verification of one phase says of a server that is not loaded."""
    sockets = verification.open_sockets(order(port))
    verifier = under_load.Verifier("127.0.0.1", port, [one.detach() for one in sockets], SEED)
    verifier.verify("warmup", time.time() + seconds, batches, depth)
    for connection in verifier.connections:
        if connection:
            connection.tcp.close()
    return verifier.document()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_load, "moments", lambda began, _, count: [began] * count)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("depth", [1, 2, 16])
def test_right_answers_are_counted(depth: int) -> None:
    with running(healthy) as server:
        seen = verified(server.port, depth=depth)
    assert seen["first_wrong"] is None
    size = len(right("/"))
    phase = seen["phases"]["warmup"]
    assert 0 < phase.pop("as_wrk") < 6 * depth
    assert 0 < phase.pop("opened") < 6
    assert phase == {
        "batches": 6, "requests": 6 * depth, "answered": 6 * depth, "wrong": 0, "other": 0,
        "least": size, "most": size, "statuses": {},
    }  # fmt: skip


def test_batches_are_spread_over_the_time() -> None:
    assert list(under_load.moments(100, 110, 3)) == pytest.approx([103, 106, 109])


@pytest.mark.parametrize(
    ("depth", "rate", "asked"),
    [
        (5, 20_000, ("measured", 3, 12, 5)),
        (5, 2_000_000, ("measured", 3, 150, 5)),  # no more often than every 0.02 s
        (16, 3_334, ("measured", 3, 1, 10)),  # a thousandth is less than a batch
        (5, 3_334, ("measured", 3, 2, 5)),
        (5, 300, None),
        (5, None, None),
    ],
)
def test_no_more_is_asked_than_a_thousandth_of_what_is_measured(
    monkeypatch: pytest.MonkeyPatch, depth: int, rate: float | None, asked: Any
) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(
        verification.Verification, "verify", lambda _, *arguments: calls.append(arguments)
    )
    process: Any = None
    verification.Verification(order(80, depth=depth), process).measure(3, rate)
    assert calls == ([asked] if asked else [])


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("spoil", "label"),
    [
        (lambda paths: [right(path).replace(b"world", b"w0rld") for path in paths], "wrong body"),
        (lambda paths: [right(path) for path in reversed(paths)], "out of order"),
    ],
)
def test_the_first_wrong_answer_is_kept(spoil: Any, label: str) -> None:
    def spoiled(connection: socket.socket, paths: list[str]) -> None:
        connection.sendall(b"".join(spoil(paths)))

    with running(spoiling(spoiled)) as server:
        seen = verified(server.port)
    first = seen["first_wrong"]
    assert (first["seen"], first["phase"]) == (label, "warmup")
    assert first["detail"]
    assert abs(first["at"] - time.time()) < PATIENT_S
    warmup = seen["phases"]["warmup"]
    # a batch as wrk's has no order
    most = warmup["batches"] if label == "wrong body" else warmup["batches"] - 1
    assert 0 < warmup["wrong"] <= most
    # a connection with a wrong answer was given up, so that no answer is taken for a later one
    assert warmup["opened"] > 0


def silent(connection: socket.socket, _: Server) -> None:
    """Reads, and never answers."""
    while connection.recv(65_536):
        pass


def test_no_answer_is_not_a_wrong_one() -> None:
    with running(silent) as server:
        seen = verified(server.port, batches=1, seconds=0.3)
    assert seen["first_wrong"] is None
    assert seen["phases"]["warmup"]["answered"] == 0


def test_a_server_that_is_gone_is_not_wrong() -> None:
    with running(healthy) as server:
        port = server.port
    seen = verified(port, batches=2, seconds=0.3)
    assert seen["first_wrong"] is None
    assert seen["phases"]["warmup"]["batches"] == 0


def test_the_program_says_what_it_verified_in_each_phase() -> None:
    with running(healthy) as server:
        with verification.verifying(order(server.port)) as verifying:
            verifying.warm_up(0.5)
            verifying.measure(0.6, 20_000)
        seen = json.loads(verifying.text)
    assert list(seen["phases"]) == ["warmup", "measured"]
    assert seen["first_wrong"] is None


MOVED = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
NOTHING = b"HTTP/1.1 204 No Content\r\n\r\n"


def only_as_wrk(wrong: bytes) -> Callable[[socket.socket, list[str]], None]:
    """Honest if a batch has another path than `/`, which none of the load has."""

    def answered(connection: socket.socket, paths: list[str]) -> None:
        honest = set(paths) != {"/"}
        connection.sendall(b"".join(right(path) if honest else wrong for path in paths))

    return answered


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        (right("/").replace(b"world", b"w0rld"), "first_wrong"),
        (MOVED, "first_other"),
        (NOTHING, "first_other"),
        (BUSY, None),  # an error that the load tool counts
    ],
)
def test_a_server_that_lies_to_the_load_alone_is_seen(wrong: bytes, kind: str | None) -> None:
    with running(spoiling(only_as_wrk(wrong))) as server:
        seen = verified(server.port, batches=12)
    kinds = [name for name in ("first_wrong", "first_other") if seen[name]]
    assert kinds == ([kind] if kind else [])
    status = wrong.split()[1].decode()
    counted = seen["phases"]["warmup"]["statuses"].get(status, 0)
    assert counted % 5 == 0
    assert (counted > 0) is (status != "200")


@pytest.mark.usefixtures("at_once")
def test_a_server_that_is_honest_on_its_first_connections_is_seen() -> None:
    count = itertools.count(1)

    def served(connection: socket.socket, _: Server) -> None:
        honest = next(count) <= verification.CONNECTIONS
        for paths in batches(connection):
            answers = [right(path) if honest else right("/") for path in paths]
            connection.sendall(b"".join(answers))

    with running(served) as server:
        seen = verified(server.port, batches=30)
    assert seen["first_other"] or seen["first_wrong"]


def test_the_seed_decides_what_is_asked() -> None:
    def asked(seed: int) -> list[bytes]:
        verifier = under_load.Verifier("127.0.0.1", 80, [], seed)
        verifier.write.run = 1
        return [one.data for _ in range(20) for one in verifier.mixed(5)]

    assert asked(1) == asked(1) != asked(2)
    verifier = under_load.Verifier("127.0.0.1", 80, [], 3)
    for depth in (1, 2, 5):
        for _ in range(50):
            paths = [one.title for one in verifier.mixed(depth)]
            assert any("missing" in path for path in paths)
            assert depth == 1 or any("missing" not in path for path in paths)


@pytest.mark.parametrize(
    ("interim", "statuses"),
    [
        (b"", []),
        (b"HTTP/1.1 100 Continue\r\n\r\n", [100]),
        (b"HTTP/1.1 103 Early\r\n\r\n" * 2, [103]),
    ],
)
def test_the_loads_own_batch_is_asked_alone(interim: bytes, statuses: list[int]) -> None:
    def served(connection: socket.socket, paths: list[str]) -> None:
        connection.sendall(b"".join(interim + right(path) for path in paths))

    with running(spoiling(served)) as server, verification.verifying(order(server.port)) as one:
        pass
    alone = json.loads(one.text)["alone"]
    assert alone == {
        "seen": "full", "detail": "answered 5 of 5", "status": 200, "interim": statuses,
        "sizes": [len(right("/"))] * 10, "fields": ["content-length", "content-type"],
    }  # fmt: skip


def test_nobody_answers_alone() -> None:
    with running(healthy) as server:
        port = server.port
    with verification.verifying(order(port, patience=0.2)) as one:
        pass
    alone = json.loads(one.text)["alone"]
    assert (alone["seen"], alone["status"], alone["sizes"]) == ("unreachable", None, [])
