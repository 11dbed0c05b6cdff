"""Hello world with japronto, which needs CPython 3.7 or older."""

import os
import socket
import sys
from functools import partial
from pathlib import Path
from typing import Any

from japronto import Application
from launch import bound_socket, run_workers, settings


async def somebody() -> None:
    return


async def hello(request: Any) -> Any:
    await somebody()
    return request.Response(text="Hello world!")


def serve(listener: socket.socket, host: str, port: int) -> None:
    app = Application()
    app.router.add_route("/", hello)
    app.serve(sock=listener, host=host, port=port, reloader_pid=None)


if __name__ == "__main__":
    host, port, workers = settings()
    # It announces itself and its end on stdout; crashes are told on stderr.
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  # to the end of the process
    # Application.run() would fork even a single worker, and end with status 0 when that one
    # crashes. Application.serve() is what its workers run, so a crash is the unit's own.
    run_workers(workers, partial(serve, bound_socket(host, port), host, port))
