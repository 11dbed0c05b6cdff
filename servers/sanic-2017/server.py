"""Hello world with sanic on uvloop, both of 2017."""

import logging
import multiprocessing
import os
import signal
import socket
import sys
from functools import partial
from ipaddress import ip_address
from multiprocessing.connection import wait

from sanic import Sanic
from sanic.response import text


async def somebody():
    return


async def hello(_):
    await somebody()
    return text("Hello world!")


def listen(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def serve(listener):
    # It tells of its start and its end; what goes wrong is asyncio's to tell, and goes to stderr.
    logging.getLogger("sanic").setLevel(logging.WARNING)
    app = Sanic("bench")
    app.add_route(hello, "/")
    # A generator's connections arrive all at once: more than the default backlog holds.
    app.run(host=None, port=None, sock=listener, backlog=1024)


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
