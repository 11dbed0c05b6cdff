"""Hello world as a bare ASGI application, served by granian on uvloop."""

import os
import sys
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

Message = dict[str, Any]


async def somebody() -> None:
    return


async def app(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],  # noqa: ARG001  # no body is wanted
    send: Callable[[Message], Awaitable[None]],
) -> None:
    if scope["path"] == "/" and scope["method"] in ("GET", "HEAD"):
        await somebody()
        status, body = 200, b"Hello world!"
    else:
        status, body = 404, b"Not found\n"
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def settings() -> tuple[str, int, int]:
    """Where to listen and with how many processes; ends the program if that is not said."""
    address = os.environ.get("BENCH_ADDRESS", "")
    port = os.environ.get("BENCH_PORT", "")
    workers = os.environ.get("BENCH_WORKERS", "1")
    try:
        if 0 < int(port) < 65536 and int(workers) > 0:
            return str(ip_address(address)), int(port), int(workers)
    except ValueError:
        pass
    print(
        "BENCH_ADDRESS must be an IP address, BENCH_PORT a port number and BENCH_WORKERS"
        f" a number from 1: got {address!r}, {port!r} and {workers!r}",
        file=sys.stderr,
    )
    sys.exit(2)


if __name__ == "__main__":
    host, port, workers = settings()
    Granian(
        "server:app",
        address=host,
        port=port,
        interface=Interfaces.ASGINL,  # no lifespan: nothing begins or ends with it
        workers=workers,
        loop=Loops.uvloop,
        log_level=LogLevels.warning,
        workers_kill_timeout=5,
    ).serve()
