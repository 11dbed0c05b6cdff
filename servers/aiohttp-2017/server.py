"""Hello world with aiohttp on uvloop, both of 2017."""

import asyncio
import multiprocessing
import os
import signal
import socket
import sys
from functools import partial
from ipaddress import ip_address
from multiprocessing.connection import wait

import uvloop

# aiohttp of March 2017 parsed HTTP in Python; its parser in C came with 2.0, two weeks later.
os.environ["AIOHTTP_NO_EXTENSIONS"] = "1"

from aiohttp import web


async def somebody():
    return


async def hello(_):
    await somebody()
    return web.Response(text="Hello world!")


def listen(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def serve(listener):
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


def supervise(workers, serve):
    """Run `serve` in that many processes; the first that ends takes the others with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=serve, daemon=True) for _ in range(workers)]
    for process in processes:
        process.start()
    wait([process.sentinel for process in processes])
    sys.exit("A worker has ended by itself.")  # daemons are told to end at exit


def settings():
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
    one = partial(serve, listen(host, port))
    if workers == 1:
        one()
    else:
        supervise(workers, one)
