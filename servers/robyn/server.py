"""Hello world with Robyn, whose server is written in Rust (actix)."""

import signal
import sys

from launch import settings
from robyn import Headers, Request, Response, Robyn
from robyn.argument_parser import Config


async def somebody() -> None:
    return


async def hello(_: Request) -> Response:
    await somebody()
    headers = Headers({"content-type": "text/plain; charset=utf-8"})
    return Response(status_code=200, headers=headers, description="Hello world!")


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
