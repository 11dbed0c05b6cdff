"""Hello world with tornado on uvloop, both of 2017, trimmed as it was for the published table."""

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
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders
from tornado.platform.asyncio import AsyncIOMainLoop
from tornado.web import Application, RequestHandler


async def somebody():
    return


class Hello(RequestHandler):
    """Without an ETag, and with no header that one can do without."""

    def clear(self):
        super().clear()
        self._headers = HTTPHeaders({"Content-Type": "text/plain; charset=utf-8"})

    def set_etag_header(self):
        pass

    def check_etag_header(self):
        return False

    async def get(self):
        await somebody()
        self.write("Hello world!")


def listen(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def serve(listener):
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    AsyncIOMainLoop().install()
    loop.add_signal_handler(signal.SIGTERM, loop.stop)
    # A generator's connections arrive all at once: more than the default backlog holds.
    listener.listen(1024)
    listener.setblocking(False)
    server = HTTPServer(Application([("/", Hello)], log_function=lambda _: None))
    server.add_socket(listener)
    loop.run_forever()
    os._exit(0)  # what is still open is a generator's, and no connection is worth waiting for


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
