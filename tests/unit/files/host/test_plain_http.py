"""Readiness is asked for with plain sockets, and ends in time whatever the server does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from host.plain_http import ask_once, wait_for_answer

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello world!"


@contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port of loopback where each connection is handed to `serve`, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        stop = threading.Event()

        def accept() -> None:
            while not stop.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stop.set()
            thread.join()


def answer(data: bytes) -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(data)

    return serve


PATIENCE = 60.0  # where an answer is to come, so that a busy machine fails nothing


def test_the_agreed_answer_is_ready() -> None:
    with server(answer(GOOD)) as port:
        assert ask_once("127.0.0.1", port, PATIENCE) is None


CHUNKED = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n"
    b"000005;x=y\r\nHello\r\n7\r\n world!\r\n0\r\nX: y\r\n\r\n"
)
LEGAL = {
    "chunked": CHUNKED,
    "informational": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
    + GOOD,
    "HTTP/1.0": GOOD.replace(b"1.1", b"1.0"),
    "lower case": GOOD.replace(b"Content-L", b"content-l").replace(b"Content-T", b"content-t"),
    "until the end": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHello world!",
}


@pytest.mark.parametrize("data", LEGAL.values(), ids=LEGAL)
def test_any_legal_answer_is_ready(data: bytes) -> None:
    def in_pieces(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in data:
            connection.sendall(bytes([byte]))

    for serve in (answer(data), in_pieces):
        with server(serve) as port:
            assert ask_once("127.0.0.1", port, PATIENCE) is None


def test_an_answer_that_does_not_end_is_said() -> None:
    def unending(connection: socket.socket) -> None:
        connection.sendall(GOOD[:-1])
        connection.settimeout(PATIENCE)
        with suppress(OSError):
            while connection.recv(65_536):
                pass

    with server(unending) as port:
        assert str(ask_once("127.0.0.1", port, 0.3)).endswith(", and did not end its answer")


@pytest.mark.parametrize(
    "data",
    [b"", GOOD.replace(b"200", b"404"), GOOD.replace(b"world", b"World"), GOOD + b"!", b"SSH-2.0"],
    ids=["nothing", "status", "body", "longer", "other"],
)
def test_another_answer_is_said(data: bytes) -> None:
    with server(answer(data)) as port:
        assert "answered" in str(ask_once("127.0.0.1", port, PATIENCE))


def test_a_refused_connection_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "refused" in str(ask_once("127.0.0.1", port, PATIENCE)).lower()


def test_silence_and_endless_bytes_end_in_time() -> None:
    def silent(connection: socket.socket) -> None:
        with suppress(OSError):
            while connection.recv(65_536):  # until the other has had enough
                pass

    def endless(connection: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection.sendall(b"x" * 1000)

    for serve in (silent, endless):
        with server(serve) as port:
            assert wait_for_answer("127.0.0.1", port, 0.3) is not None


def test_a_server_that_trickles_has_no_more_time() -> None:
    """Each byte comes in time, and the answer as a whole would take 20 s."""
    sent = []

    def trickling(connection: socket.socket) -> None:
        connection.recv(65_536)
        with suppress(OSError):
            for byte in b"HTTP/1.1 200 OK\r\nX: ".ljust(400, b"a"):
                connection.sendall(bytes([byte]))
                sent.append(byte)
                time.sleep(0.05)

    with server(trickling) as port:
        assert "it answered b'H" in str(ask_once("127.0.0.1", port, 0.5))
        assert wait_for_answer("127.0.0.1", port, 0.5) is not None
    assert 2 <= len(sent) < 200


def test_it_is_asked_until_the_server_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as placeholder:
        port = placeholder.getsockname()[1]

    def late() -> None:
        time.sleep(0.2)
        with socket.create_server(("127.0.0.1", port)) as listener:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(GOOD)

    thread = threading.Thread(target=late)
    thread.start()
    assert wait_for_answer("127.0.0.1", port, PATIENCE) is None
    thread.join()
