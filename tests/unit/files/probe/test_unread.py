"""A client that reads nothing, and servers that stop, go on, or serve nobody else."""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import threading

import pytest
import unread
from classify import Unread
from probing import run_probe
from report import Entry
from target import Order

from tests.unit.files.probe.servers import PATIENT, Serve, Server, every, healthy, seen

TIMEOUT = 4.0
LAZY = """
import asyncio, sys
A = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: 12\\r\\n\\r\\nHello world!"
async def serve(reader, writer):
    writer.transport.set_write_buffer_limits(high=2**40)
    while data := await reader.read(65536):
        writer.write(A * data.count(b"\\r\\n\\r\\n"))
        # waits
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def keeping(connection: socket.socket, _: Server) -> None:
    """Read on whatever becomes of the answers."""
    out = bytearray()
    connection.setblocking(False)
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
        while True:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if out else 0)
            selector.modify(connection, events)
            for _key, ready in selector.select():
                if ready & selectors.EVENT_READ:
                    data = connection.recv(65_536)
                    if not data:
                        return
                    out += every(["/"]) * data.count(b"\r\n\r\n")
                if ready & selectors.EVENT_WRITE and out:
                    del out[: connection.send(out)]


def one_at_a_time() -> Serve:
    turn = threading.Lock()

    def serve(connection: socket.socket, _: Server) -> None:
        data = connection.recv(65_536)
        with turn:
            while data:
                connection.sendall(every(["/"]) * data.count(b"\r\n\r\n"))
                data = connection.recv(65_536)

    return serve


def test_a_server_that_stops_reading_is_bounded() -> None:
    (case,) = seen(healthy, "unread", timeout=TIMEOUT)
    assert (case["class"], case["conforms"]) == ("full", True)
    assert case["detail"].endswith("requests of a client that reads nothing, and then no more")
    assert case["unread"]
    assert case["unread"]["stopped"] is True


def test_from_afar_the_memory_is_not_known() -> None:
    (case,) = seen(keeping, "unread", timeout=PATIENT)
    assert (case["class"], case["conforms"]) == ("takes all", None)
    assert (
        "took 100,000 requests of a client that reads nothing, and did not stop" in case["detail"]
    )


def probed(program: str) -> Entry:
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            port = int(process.stdout.readline())
            order = Order("127.0.0.1", port, timeout=TIMEOUT, cases=["unread"], pid=process.pid)
            return run_probe(order).cases[0]
        finally:
            process.kill()


def test_memory_that_grows_without_bound_is_named() -> None:
    case = probed(LAZY)
    assert (case["class"], case["conforms"]) == ("unbounded", False)
    assert "its memory grew by " in case["detail"]


def test_a_server_with_bounds_of_its_own() -> None:
    case = probed(LAZY.replace("2**40", "2**16").replace("# waits", "await writer.drain()"))
    assert (case["class"], case["conforms"]) == ("full", True), case


def test_others_that_are_not_served_meanwhile() -> None:
    (case,) = seen(one_at_a_time(), "unread", timeout=1.0)
    assert (case["class"], case["conforms"]) == ("starves", False)
    assert "another connection was not answered meanwhile" in case["detail"]


def test_the_memory_of_what_a_server_has_started_counts() -> None:
    own = unread.resident_bytes(os.getpid())
    assert own
    fill = "x = bytearray(50_000_000); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", fill], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        try:
            assert child.stdout
            child.stdout.readline()
            assert child.pid in unread.descendants(os.getpid())
            assert (unread.resident_bytes(os.getpid()) or 0) > own + 40_000_000
        finally:
            child.kill()
    assert unread.resident_bytes(None) is None
    assert unread.resident_bytes(2**22 + 1) is None


@pytest.mark.parametrize(
    ("stopped", "growth", "seen_as", "conforms"),
    [
        (True, 10**8, "full", True),
        (False, None, "takes all", None),
        (False, 10**5, "full", True),
        (False, 10**7, "unbounded", False),
    ],
)
def test_what_is_seen_is_judged(
    stopped: bool, growth: int | None, seen_as: str, conforms: bool | None
) -> None:
    came: Unread = {
        "requests": 100_000,
        "bytes": 4_000_000,
        "answer_bytes": 15_000_000,
        "stopped": stopped,
        "memory_bytes": growth,
    }
    result = unread.judged(came, "")
    assert (result.label, result.conforms) == (seen_as, conforms)
