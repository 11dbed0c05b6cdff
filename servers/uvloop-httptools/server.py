"""Hello world on uvloop and httptools alone: what a pipeline costs with nothing in its way.

One read usually brings a whole batch. The parser turns it into a list of requests, one
coroutine awaits their handlers in the order they came, and all answers leave in one write.
A handler that suspends holds up the requests behind it, so the order is kept whatever it does.
"""

import asyncio
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from functools import partial
from ipaddress import ip_address
from multiprocessing.connection import wait
from typing import cast

import uvloop
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

Handler = Callable[[], Awaitable[tuple[bytes, bytes]]]  # gives a status and a body

log = logging.getLogger(__name__)

URL_LIMIT = 8192  # all that is kept of a request while it comes in, so all that needs a limit
LINGER = 2.0  # seconds that a client has to take the last answers


async def somebody() -> None:
    return


async def hello() -> tuple[bytes, bytes]:
    await somebody()
    return b"200 OK", b"Hello world!"


async def missing() -> tuple[bytes, bytes]:
    return b"404 Not Found", b"Not found\n"


async def refuse() -> tuple[bytes, bytes]:
    return b"400 Bad Request", b"Bad request\n"


ROUTES: dict[tuple[bytes, bytes], Handler] = {(b"GET", b"/"): hello, (b"HEAD", b"/"): hello}


def route(method: bytes, url: bytes) -> Handler:
    """Find the handler of a URL that has more than a path."""
    return ROUTES.get((method, url.partition(b"?")[0]), missing)


class Heads(dict[bytes, bytes]):
    """How an answer begins, by status: forgotten every second, as the date is in it."""

    def __missing__(self, status: bytes) -> bytes:
        head = self[status] = (
            b"HTTP/1.1 %b\r\n"
            b"Date: %b\r\n"
            b"Content-Type: text/plain; charset=utf-8\r\n"
            b"Content-Length: " % (status, formatdate(usegmt=True).encode())
        )
        return head

    def keep_fresh(self) -> None:
        self.clear()
        asyncio.get_running_loop().call_later(1.0, self.keep_fresh)


heads = Heads()


class Pipeline(asyncio.Protocol):
    """One connection. Its `on_` methods are called by the parser."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.loop = asyncio.get_running_loop()
        self.parser = HttpRequestParser(self)
        self.url = b""
        self.requests: list[tuple[Handler, bytes, bytes]] = []  # parsed and not yet answered
        self.last = False  # no more requests are taken
        self.reasons_to_wait = 0

    def data_received(self, data: bytes) -> None:
        if self.last:
            return
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            # An upgrade that is not taken up: what follows is HTTP/1.1 as before.
            self.data_received(data[upgrade.args[0] :])
            return
        except HttpParserError:
            # What comes after "Connection: close" is an error too, but not to be answered.
            if not self.last:
                self.last = True
                self.requests.append((refuse, b"", b"Connection: close\r\n"))
        if self.requests:
            # An eager task runs at once, here to its end unless a handler suspends.
            task = asyncio.Task(self.respond(), loop=self.loop, eager_start=True)
            if not task.done():
                self.pause_writing()
                task.add_done_callback(lambda _: self.resume_writing())

    def on_url(self, part: bytes) -> None:
        self.url += part
        if len(self.url) > URL_LIMIT:
            raise HttpParserError("URL too long")

    def on_message_complete(self) -> None:
        method, url = self.parser.get_method(), self.url
        self.url = b""
        handler = ROUTES.get((method, url)) or route(method, url)
        if self.parser.should_keep_alive():
            self.requests.append((handler, method, b""))
        else:
            self.last = True
            self.requests.append((handler, method, b"Connection: close\r\n"))

    async def respond(self) -> None:
        requests, self.requests = self.requests, []
        answers = []
        for handler, method, connection in requests:
            try:
                status, body = await handler()
            except Exception:
                log.exception("A handler failed")
                status, body = b"500 Internal Server Error", b"Internal server error\n"
            content = b"" if method == b"HEAD" else body
            answers.append(b"%b%d\r\n%b\r\n%b" % (heads[status], len(body), connection, content))
        self.transport.write(b"".join(answers))
        if self.last:
            # The client may still be sending. Closing on that would reset the connection
            # and could take the answers with it.
            self.transport.write_eof()
            self.loop.call_later(LINGER, self.transport.close)

    # Nothing is read while a handler is suspended, or while the client does not take the answers.

    def pause_writing(self) -> None:
        self.reasons_to_wait += 1
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.reasons_to_wait -= 1
        if not self.reasons_to_wait:
            self.transport.resume_reading()


async def listen(host: str, port: int, *, shared: bool) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    heads.keep_fresh()
    # A generator's connections arrive all at once: more than the default backlog holds.
    await loop.create_server(Pipeline, host, port, reuse_port=shared, backlog=1024)
    await stop.wait()


def serve(host: str, port: int, *, shared: bool) -> None:
    uvloop.run(listen(host, port, shared=shared))


def supervise(workers: int, serve: Callable[[], None]) -> None:
    """Run `serve` in that many processes; the first that ends takes the others with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=serve, daemon=True) for _ in range(workers)]
    for process in processes:
        process.start()
    wait([process.sentinel for process in processes])
    sys.exit("A worker has ended by itself.")  # daemons are told to end at exit


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
    if workers == 1:
        serve(host, port, shared=False)
    else:
        supervise(workers, partial(serve, host, port, shared=True))
