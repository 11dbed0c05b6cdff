"""Hello world on uvloop and httptools, as asyncio's HTTP servers were written in 2017.

Each request that the parser has read becomes a request and a response object, and a callback of the
event loop answers it with a write of its own. The parser is made anew for every batch. The
servers that this pattern comes from are named in docs/2017.md.
"""

import asyncio
import multiprocessing
import os
import signal
import socket
import sys
from functools import partial
from ipaddress import ip_address
from multiprocessing.connection import wait

import httptools
import uvloop

STATUS = {b"/": (b"200 OK", b"Hello world!")}
NOT_FOUND = b"404 Not Found", b"Not found"


async def somebody():
    return


class Request:
    """What the parser found."""

    __slots__ = ("headers", "keep_alive", "url", "version")

    def __init__(self, url, headers, version, keep_alive):
        self.url = url
        self.headers = headers
        self.version = version
        self.keep_alive = keep_alive


class Response:
    """The answer to a request, with one write."""

    __slots__ = ("_request", "_transport")

    def __init__(self, transport, request):
        self._transport = transport
        self._request = request

    def write(self, status, body):
        self._transport.write(
            b"".join(
                [
                    "HTTP/{} ".format(self._request.version).encode("latin-1"),
                    status,
                    b"\r\nContent-Type: text/plain\r\n",
                    "Content-Length: {}\r\n\r\n".format(len(body)).encode("latin-1"),
                    body,
                ]
            )
        )


class Protocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, loop):
        self._loop = loop
        self._transport = None
        self._parser = None
        self._url = None
        self._headers = None

    def connection_made(self, transport):
        self._transport = transport

    def connection_lost(self, _):
        self._parser = None

    def data_received(self, data):
        if self._parser is None:
            self._headers = []
            self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(data)

    def on_url(self, url):
        self._url = url

    def on_header(self, name, value):
        self._headers.append((name, value))

    def on_headers_complete(self):
        version = self._parser.get_http_version()
        request = Request(self._url, self._headers, version, self.keeps_alive())
        self._loop.call_soon(self._handle, request, Response(self._transport, request))

    def keeps_alive(self):
        """Whether the connection is to stay open after this request: the parser knows."""
        return self._parser.should_keep_alive()

    def _handle(self, request, response):
        # Started and not waited for, which is what was measured then.
        asyncio.ensure_future(somebody(), loop=self._loop)
        response.write(*STATUS.get(request.url, NOT_FOUND))
        if not request.keep_alive:
            self._transport.close()
        self._parser = None


def listen(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def serve(protocol, listener):
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.add_signal_handler(signal.SIGTERM, loop.stop)
    # A generator's connections arrive all at once: more than the default backlog holds.
    server = loop.create_server(partial(protocol, loop), sock=listener, backlog=1024)
    loop.run_until_complete(server)
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


def main(protocol):
    host, port, workers = settings()
    one = partial(serve, protocol, listen(host, port))
    if workers == 1:
        one()
    else:
        supervise(workers, one)


if __name__ == "__main__":
    main(Protocol)
