"""Hello world with sanic's own server on uvloop."""

import os
import sys
from ipaddress import ip_address

from sanic import HTTPResponse, Request, Sanic, text


async def somebody() -> None:
    return


async def hello(_: Request) -> HTTPResponse:
    await somebody()
    return text("Hello world!")


# Without its own logging configuration only warnings and errors are written, to stderr.
app = Sanic("bench", configure_logging=False)
app.config.FALLBACK_ERROR_FORMAT = "text"
app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 1.0
app.add_route(hello, "/")


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
    app.run(
        host=host,
        port=port,
        workers=workers,
        single_process=workers == 1,
        access_log=False,
        motd=False,
        backlog=1024,  # a generator's connections arrive all at once
    )
