"""The protocol that this project wrote itself: what HTTP/1.1 asks for beyond the common cases."""

import dataclasses
import textwrap
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.conftest import Framework, Server

pytestmark = pytest.mark.servers

HELLO = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
MISSING = HELLO.replace(b"/", b"/missing", 1)
SLOW = HELLO.replace(b"/", b"/slow", 1)


@pytest.fixture(scope="module")
def server(flagship: "Framework") -> Iterator["Server"]:
    with flagship.running() as server:
        yield server


@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 30\r\n\r\n" + HELLO,
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nGET / \r\n0\r\n\r\n",
        b"PUT /missing HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n",
        b"GET //?/ HTTP/1.1\r\nHost: test\r\n\r\n",
    ],
    ids=["length", "chunked", "empty", "path"],
)
def test_bodies_are_taken_and_not_answered(server: "Server", request_: bytes) -> None:
    with server.connect() as client:
        client.send(HELLO + request_ + HELLO)
        assert [client.answer().status for _ in range(3)] == [200, 404, 200]


def test_head_has_no_body(server: "Server") -> None:
    with server.connect() as client:
        client.send(HELLO.replace(b"GET", b"HEAD") + HELLO)
        assert client.answer(head=True).headers["content-length"] == "12"
        assert client.answer().body == b"Hello world!"


@pytest.mark.parametrize("target", [b"/?query", b"http://test/", b"http://test/?query"])
def test_other_forms_of_the_same_url(server: "Server", target: bytes) -> None:
    with server.connect() as client:
        client.send(HELLO.replace(b"/", target, 1))
        assert client.answer().status == 200


def test_a_bad_request_is_refused_after_the_good_ones(server: "Server") -> None:
    with server.connect() as client:
        client.send(HELLO + MISSING + b"what is this\r\n\r\n" + HELLO)
        answers = [client.answer() for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 404, 400]
        assert answers[-1].headers["connection"] == "close"
        assert client.closed()


def test_an_endless_url_is_refused(server: "Server") -> None:
    with server.connect() as client:
        client.send(b"GET /")
        for _ in range(20):
            client.send(b"x" * 1000)
            time.sleep(0.001)
        assert client.answer().status == 400


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket"])
def test_an_upgrade_is_not_taken_up(server: "Server", upgrade: bytes) -> None:
    offer = HELLO[:-2] + b"Connection: upgrade\r\nUpgrade: " + upgrade + b"\r\n\r\n"
    with server.connect() as client:
        client.send(HELLO + offer + MISSING + offer * 2000 + HELLO)
        statuses = [client.answer().status for _ in range(2004)]
        assert statuses == [200, 200, 404, *[200] * 2001]
        client.send(offer + b"what is this\r\n\r\n")
        assert [client.answer().status for _ in range(2)] == [200, 400]


def test_http_1_0_may_keep_the_connection(server: "Server") -> None:
    with server.connect() as client:
        for _ in range(2):
            client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert client.answer().headers["connection"] == "keep-alive"


def test_all_is_answered_after_a_half_close(server: "Server") -> None:
    with server.connect() as client:
        client.send(HELLO * 100 + HELLO[:10])
        client.socket.shutdown(1)
        assert [client.answer().status for _ in range(100)] == [200] * 100
        assert client.closed()


def test_byte_by_byte(server: "Server") -> None:
    with server.connect() as client:
        for byte in HELLO + MISSING:
            client.send(bytes([byte]))
        assert [client.answer().status for _ in range(2)] == [200, 404]


def test_waits_for_a_client_that_does_not_read(server: "Server") -> None:
    """And meanwhile takes in no more than the socket buffers hold."""
    with server.connect() as client:
        client.socket.settimeout(0.5)
        sent = 0
        with suppress(TimeoutError):
            while sent < 2_000_000:
                client.send(HELLO * 1000)
                sent += 1000
        assert sent < 2_000_000
        client.socket.settimeout(5)
        for _ in range(sent):
            assert client.answer().status == 200


@pytest.fixture(scope="module")
def slow_server(
    flagship: "Framework", tmp_path_factory: pytest.TempPathFactory
) -> Iterator["Server"]:
    """The same server with a handler that suspends and one that fails."""
    script: Path = tmp_path_factory.mktemp("slow") / "slow.py"
    script.write_text(
        textwrap.dedent(f"""
            import asyncio, os, sys
            sys.path.insert(0, {str(flagship.deployed.path)!r})
            import server

            async def slow():
                await asyncio.sleep(0.1)
                async with asyncio.timeout(5):
                    await asyncio.sleep(0)
                return server.OK, b"slow"

            async def broken():
                raise RuntimeError("broken on purpose")

            server.ROUTES[b"/slow"] = slow
            server.ROUTES[b"/broken"] = broken
            server.serve(*server.settings()[:2], shared=False)
        """)
    )
    command = [flagship.deployed.command[0], str(script)]
    slow = flagship._replace(deployed=dataclasses.replace(flagship.deployed, command=command))
    with slow.running() as server:
        yield server
    assert server.errors.count("Traceback") == server.errors.count("Error: broken") == 1


def test_a_suspended_handler_keeps_the_order(slow_server: "Server") -> None:
    with slow_server.connect() as client:
        client.send(HELLO + SLOW + MISSING)
        time.sleep(0.05)
        client.send(HELLO + SLOW)
        answers = [client.answer() for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 404, 200, 200]
    assert [answer.body for answer in answers[1::3]] == [b"slow", b"slow"]


def test_a_suspended_handler_holds_up_its_own_connection_only(slow_server: "Server") -> None:
    with slow_server.connect() as slow, slow_server.connect() as quick:
        slow.send(SLOW)
        quick.send(HELLO)
        start = time.monotonic()
        assert quick.answer().status == 200
        assert time.monotonic() - start < 0.1
        assert slow.answer().body == b"slow"


def test_a_half_close_or_a_close_waits_for_the_suspended_handler(slow_server: "Server") -> None:
    with slow_server.connect() as client:
        client.send(SLOW + HELLO)
        client.socket.shutdown(1)
        assert [client.answer().status for _ in range(2)] == [200, 200]
        assert client.closed()
    with slow_server.connect() as client:
        client.send(SLOW + HELLO.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + HELLO)
        assert [client.answer().status for _ in range(2)] == [200, 200]
        assert client.closed()


def test_survives_a_client_that_leaves_while_a_handler_is_suspended(slow_server: "Server") -> None:
    with slow_server.connect() as client:
        client.send(SLOW * 3)
    time.sleep(0.5)
    assert slow_server.answers()


def test_a_handler_that_fails_is_a_500_in_its_place(slow_server: "Server") -> None:
    with slow_server.connect() as client:
        client.send(HELLO + HELLO.replace(b"/", b"/broken", 1) + MISSING)
        assert [client.answer().status for _ in range(3)] == [200, 500, 404]
