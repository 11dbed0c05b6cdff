"""Hello world with sanic on uvloop, both of 2017."""

import logging
import socket
from functools import partial

from launch import bound_socket, run_workers, settings
from sanic import Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, text


async def somebody() -> None:
    return


async def hello(_: Request) -> HTTPResponse:
    await somebody()
    return text("Hello world!")


def serve(listener: socket.socket) -> None:
    # It tells of its start and its end; what goes wrong is asyncio's to tell, and goes to stderr.
    logging.getLogger("sanic").setLevel(logging.WARNING)
    app = Sanic("bench")
    app.add_route(hello, "/")
    # A generator's connections arrive all at once: more than the default backlog holds.
    app.run(host=None, port=None, sock=listener, backlog=1024)


if __name__ == "__main__":
    host, port, workers = settings()
    run_workers(workers, partial(serve, bound_socket(host, port)))
