"""Hello world with aiohttp on uvloop, both of 2017."""

import asyncio
import os
import socket
from functools import partial

import uvloop

# aiohttp of March 2017 parsed HTTP in Python; its parser in C came with 2.0, two weeks later.
os.environ["AIOHTTP_NO_EXTENSIONS"] = "1"

from aiohttp import web
from launch import bound_socket, run_workers, settings


async def somebody() -> None:
    return


async def hello(_: web.Request) -> web.Response:
    await somebody()
    return web.Response(text="Hello world!")


def serve(listener: socket.socket) -> None:
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    app = web.Application()
    app.router.add_get("/", hello)
    web.run_app(
        app,
        sock=listener,
        backlog=1024,  # a generator's connections arrive all at once
        access_log=None,
        print=lambda *_: None,
        shutdown_timeout=1.0,
        loop=loop,
    )


if __name__ == "__main__":
    host, port, workers = settings()
    run_workers(workers, partial(serve, bound_socket(host, port)))
