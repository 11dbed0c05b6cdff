"""What the servers of 2017 did with a pipeline, each fault as it was published then.

That japronto dies is in test_frameworks.py: it does today, too.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.servers.conftest import Client, Framework

pytestmark = pytest.mark.servers

HELLO = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
DEPTH = 5


def statuses(client: "Client") -> list[int]:
    """Of the answers that come to one batch within the client's time."""
    client.socket.settimeout(1)
    client.send(HELLO * DEPTH)
    seen: list[int] = []
    with suppress(EOFError, TimeoutError, ConnectionResetError):
        seen.extend(client.answer().status for _ in range(DEPTH))
    return seen


@pytest.mark.parametrize(
    "name", ["uvloop-httptools@2017", "aiohttp@2017", "tornado@2017", "fasthttp@2017"]
)
def test_some_answered_every_batch(deployed: "Callable[[str], Framework]", name: str) -> None:
    with deployed(name).running() as server, server.connect() as client:
        for _ in range(20):
            assert statuses(client) == [200] * DEPTH


def test_the_closing_server_closes_after_each_batch(
    deployed: "Callable[[str], Framework]",
) -> None:
    with deployed("uvloop-httptools@2017-closing").running() as server:
        for _ in range(20):
            with server.connect() as client:
                assert statuses(client) == [200] * DEPTH
                assert client.closed()
        # what it waits for: a header that no client needs to send
        with server.connect() as client:
            for _ in range(3):
                client.send(HELLO[:-2] + b"Connection: keep-alive\r\n\r\n")
                assert client.answer().status == 200


def test_sanic_answers_one_of_a_batch_and_hangs(
    deployed: "Callable[[str], Framework]",
) -> None:
    with deployed("sanic@2017").running() as server:
        for _ in range(3):
            with server.connect() as client:
                assert statuses(client) == [200]
                with pytest.raises(TimeoutError):
                    client.socket.recv(1)
    assert "'NoneType' object has no attribute 'should_keep_alive'" in server.errors
