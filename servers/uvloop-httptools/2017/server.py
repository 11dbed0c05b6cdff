"""Hello world on uvloop and httptools, as asyncio's HTTP servers were written in 2017.

Each request that the parser has read becomes a request and a response object, and a callback of the
event loop answers it with a write of its own. The parser is made anew for every batch. The
servers that this pattern comes from are named in docs/2017.md.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from functools import partial
from typing import Any

import httptools
import uvloop
from launch import bound_socket, run_workers, settings

STATUS: dict[bytes, tuple[bytes, bytes]] = {b"/": (b"200 OK", b"Hello world!")}
NOT_FOUND = b"404 Not Found", b"Not found"


async def somebody() -> None:
    return


class Request:
    """What the parser found."""

    __slots__ = ("headers", "keep_alive", "url", "version")

    def __init__(
        self, url: bytes, headers: list[tuple[bytes, bytes]], version: str, keep_alive: bool
    ) -> None:
        self.url = url
        self.headers = headers
        self.version = version
        self.keep_alive = keep_alive


class Response:
    """The answer to a request, with one write."""

    __slots__ = ("_request", "_transport")

    def __init__(self, transport: asyncio.Transport, request: Request) -> None:
        self._transport = transport
        self._request = request

    def write(self, status: bytes, body: bytes) -> None:
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

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: Any = None
        self._parser: Any = None
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, _: Exception | None) -> None:
        self._parser = None

    def data_received(self, data: bytes) -> None:
        if self._parser is None:
            self._headers = []
            self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        version = self._parser.get_http_version()
        request = Request(self._url, self._headers, version, self.keeps_alive())
        self._loop.call_soon(self._handle, request, Response(self._transport, request))

    def keeps_alive(self) -> bool:
        """Whether the connection is to stay open after this request: the parser knows."""
        keeps: bool = self._parser.should_keep_alive()
        return keeps

    def _handle(self, request: Request, response: Response) -> None:
        # Started and not waited for, which is what was measured then.
        asyncio.ensure_future(somebody(), loop=self._loop)
        response.write(*STATUS.get(request.url, NOT_FOUND))
        if not request.keep_alive:
            self._transport.close()
        self._parser = None


class ClosingProtocol(Protocol):
    """As it was before it was mended: it closes after each batch."""

    def keeps_alive(self) -> bool:
        """Look for a header that HTTP/1.1 does not require, and that hardly any client sends."""
        return b"keep-alive" in [value for _, value in self._headers]


# What says whether a connection stays open, by the variable KEEP_ALIVE.
PROTOCOLS = {"parser": Protocol, "header": ClosingProtocol}


def serve(protocol: type[Protocol], listener: socket.socket) -> None:
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.add_signal_handler(signal.SIGTERM, loop.stop)
    # A generator's connections arrive all at once: more than the default backlog holds.
    server = loop.create_server(partial(protocol, loop), sock=listener, backlog=1024)
    loop.run_until_complete(server)
    loop.run_forever()
    os._exit(0)  # what is still open is a generator's, and no connection is worth waiting for


if __name__ == "__main__":
    host, port, workers = settings()
    protocol = PROTOCOLS[os.environ.get("KEEP_ALIVE", "parser")]
    run_workers(workers, partial(serve, protocol, bound_socket(host, port)))
