"""Hello world with Robyn, whose server is written in Rust (actix)."""

import os
import signal
import sys
from ipaddress import ip_address

from robyn import Headers, Request, Response, Robyn
from robyn.argument_parser import Config


async def somebody() -> None:
    return


async def hello(_: Request) -> Response:
    await somebody()
    headers = Headers({"content-type": "text/plain; charset=utf-8"})
    return Response(status_code=200, headers=headers, description="Hello world!")


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
    # Where it is one process, its actix takes SIGTERM and ends, and Python goes on without it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    config = Config()
    config.processes = workers
    config.log_level = "WARN"
    config.disable_openapi = True
    app = Robyn(__file__, config=config)
    app.add_route("GET", "/", hello)
    app.add_route("HEAD", "/", hello)
    app.start(host=host, port=port, _check_port=False)  # it would ask for another one
