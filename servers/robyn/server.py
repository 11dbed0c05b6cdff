"""Hello world with Robyn, whose server is written in Rust (actix)."""

import os
import sys
from ipaddress import ip_address

from robyn import Headers, Request, Response, Robyn


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
    app = Robyn(__file__)
    app.config.processes = workers
    app.config.log_level = "WARNING"
    app.config.disable_openapi = True
    app.add_route("GET", "/", hello)
    app.add_route("HEAD", "/", hello)
    app.start(host=host, port=port, _check_port=False)  # it would ask for another one
