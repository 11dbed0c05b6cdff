"""Hello world on uvloop and httptools alone: what a pipeline costs with nothing in its way.

One read usually brings a whole batch. The parser makes a list of requests out of it, one
coroutine awaits their handlers in the order they came, and all answers leave in one write.

A coroutine that has nothing to wait for is done after its first step, and then the event loop
never hears of it. One that does suspend is given to a task, and the connection is not read
until that is done: so the answers keep their order, and nothing piles up. (Before it first
suspends a handler is in no task, which asyncio.timeout() for one would not like.)
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Generator
from email.utils import formatdate
from functools import partial
from types import coroutine
from typing import Any, ClassVar, cast

import uvloop
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser, parse_url
from launch import run_workers, settings

log = logging.getLogger(__name__)

URL_LIMIT = 8192  # of what is kept of a request that is coming in, only this can grow
LINGER = 2.0  # seconds that a client has to take the last answers
AT_ONCE = 32  # writes that are kept for one moment


class Status(dict[int, bytes]):
    """A status, and how an answer with it begins, by the length of its body."""

    known: ClassVar[list["Status"]] = []

    def __init__(self, line: str) -> None:
        self.line = line
        self.known.append(self)

    def __missing__(self, length: int) -> bytes:
        head = self[length] = (
            f"HTTP/1.1 {self.line}\r\n"
            f"Date: {formatdate(usegmt=True)}\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {length}\r\n\r\n"
        ).encode()
        return head

    @classmethod
    def forget_the_date(cls) -> None:
        for status in cls.known:
            status.clear()
        asyncio.get_running_loop().call_later(1.0, cls.forget_the_date)


OK = Status("200 OK")
BAD_REQUEST = Status("400 Bad Request")
NOT_FOUND = Status("404 Not Found")
FAILED = Status("500 Internal Server Error")

Handler = Callable[[], Coroutine[Any, Any, tuple[Status, bytes]]]


async def somebody() -> None:
    return


async def hello() -> tuple[Status, bytes]:
    await somebody()
    return OK, b"Hello world!"


async def missing() -> tuple[Status, bytes]:
    return NOT_FOUND, b"Not found\n"


async def refuse() -> tuple[Status, bytes]:
    return BAD_REQUEST, b"Bad request\n"


ROUTES: dict[bytes, Handler] = {b"/": hello}


@coroutine
def rest_of(started: Generator[Any, Any, None], awaited: object) -> Generator[Any, Any, None]:
    """Go on with what has suspended already, and waits for `awaited`."""
    while True:
        try:
            try:
                result = yield awaited
            except BaseException as error:  # noqa: BLE001  # the coroutine's to catch
                awaited = started.throw(error)
            else:
                awaited = started.send(result)
        except StopIteration:
            return


DONE = object()

outbox: list[tuple[asyncio.Transport, bytes]] = []  # not yet written, of all connections


def send(transport: asyncio.Transport, answers: bytes) -> None:
    """Write soon: at the end of the event loop's turn, or when enough has gathered.

    A write wakes the client's thread where that has nothing left to read, which is the dearest
    part of it for the kernel. Of many writes in a row only the first finds it asleep. More of
    them at once would only take more memory than stays in the cache.
    """
    if not outbox:
        asyncio.get_running_loop().call_soon(send_all)
    outbox.append((transport, answers))
    if len(outbox) == AT_ONCE:
        send_all()


def send_all() -> None:
    for transport, answers in outbox:
        if not transport.is_closing():
            transport.write(answers)
    outbox.clear()


class Pipeline(asyncio.Protocol):
    """One connection. What begins with `on_` is called by the parser."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.url: list[bytes] = []  # of the request that is coming in: in parts, if it was cut
        self.on_url = self.url.append
        self.requests: list[Handler] = []  # complete and not yet answered
        self.bodiless: list[int] = []  # which of them are HEAD
        self.last = False  # no request is taken after those
        self.is_1_0: bool | None = None
        self.pauses = 0
        self.parser = HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        if self.last:
            return
        try:
            self.parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as stop:
            self.parse_on(data, stop)
        if self.url and sum(map(len, self.url)) > URL_LIMIT:
            self.refuse_more()
        if self.requests:
            responding = self.respond().__await__()
            awaited = next(responding, DONE)
            if awaited is DONE:
                return
            self.pause_writing()
            task = asyncio.ensure_future(rest_of(responding, awaited))
            task.add_done_callback(lambda _: self.resume_writing())

    def parse_on(self, data: bytes, stop: Exception) -> None:
        """Take the rest of the data, unless it is an error that has stopped the parser."""
        rest = memoryview(data)
        while isinstance(stop, HttpParserUpgrade):
            # An upgrade is not taken up: what follows is HTTP/1.1 as before.
            rest = rest[stop.args[0] :]
            try:
                self.parser.feed_data(rest)
            except (HttpParserError, HttpParserUpgrade) as another:
                stop = another
            else:
                return
        if not self.last:  # what follows a "Connection: close" is not to be answered
            self.refuse_more()

    def refuse_more(self) -> None:
        self.last = True
        self.requests.append(refuse)

    def on_message_complete(self) -> None:
        parser = self.parser
        end_of_url = self.url.pop()
        handler = ROUTES.get(end_of_url)
        if handler is None or self.url or parser.get_method() != b"GET":
            handler = self.route(end_of_url)
        if not parser.should_keep_alive():
            self.last = True
        self.requests.append(handler)

    def route(self, end_of_url: bytes) -> Handler:
        """Find the handler of what is not simply a GET of a known path."""
        url = b"".join([*self.url, end_of_url])
        self.url.clear()
        method = self.parser.get_method()
        if method == b"HEAD":
            self.bodiless.append(len(self.requests))
        elif method != b"GET":
            return missing
        return ROUTES.get(parse_url(url).path, missing)

    async def respond(self) -> None:
        pieces = []
        for handler in self.requests:
            try:
                status, body = await handler()
            except Exception:
                log.exception("A handler failed.")
                status, body = FAILED, b"Internal server error\n"
            pieces.append(status[len(body)])
            pieces.append(body)
        if self.is_1_0 is None:
            self.is_1_0 = self.parser.get_http_version() == "1.0"
        if self.last or self.bodiless or self.is_1_0:
            self.amend(pieces)
        self.requests.clear()
        send(self.transport, b"".join(pieces))
        if self.last:
            asyncio.get_running_loop().call_soon(self.finish)  # after what is still to be sent

    def finish(self) -> None:
        # To close while the client is still sending would reset the connection, and the
        # answers could be lost with it. So only this side is closed first.
        if not self.transport.is_closing():
            self.transport.write_eof()
            asyncio.get_running_loop().call_later(LINGER, self.transport.close)

    def amend(self, pieces: list[bytes]) -> None:
        """Do to the answers, a head and a body each, what most need not."""
        for index in self.bodiless:
            pieces[2 * index + 1] = b""
        self.bodiless.clear()
        lines = [b"Connection: keep-alive\r\n" if self.is_1_0 else b""] * (len(pieces) // 2)
        if self.last:
            lines[-1] = b"Connection: close\r\n"
        pieces[::2] = [
            head[:-2] + line + b"\r\n" for head, line in zip(pieces[::2], lines, strict=True)
        ]

    # Nothing is read while a handler is suspended, nor while the client leaves answers unread.

    def pause_writing(self) -> None:
        self.pauses += 1
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.pauses -= 1
        if not self.pauses:
            self.transport.resume_reading()


async def listen(host: str, port: int, *, shared: bool) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    Status.forget_the_date()
    # A generator's connections arrive all at once: more than the default backlog holds.
    await loop.create_server(Pipeline, host, port, reuse_port=shared, backlog=1024)
    await stop.wait()


def serve(host: str, port: int, *, shared: bool) -> None:
    uvloop.run(listen(host, port, shared=shared))


if __name__ == "__main__":
    host, port, workers = settings()
    run_workers(workers, partial(serve, host, port, shared=workers > 1))
