"""Hello world with tornado on uvloop, both of 2017, trimmed as it was for the published table."""

import asyncio
import os
import signal
import socket
from functools import partial

import uvloop
from launch import bound_socket, run_workers, settings
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders
from tornado.platform.asyncio import AsyncIOMainLoop
from tornado.web import Application, RequestHandler


async def somebody() -> None:
    return


class Hello(RequestHandler):
    """Without an ETag, and with no header that one can do without."""

    def clear(self) -> None:
        super().clear()
        self._headers = HTTPHeaders({"Content-Type": "text/plain; charset=utf-8"})

    def set_etag_header(self) -> None:
        pass

    def check_etag_header(self) -> bool:
        return False

    async def get(self) -> None:
        await somebody()
        self.write("Hello world!")


def serve(listener: socket.socket) -> None:
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


if __name__ == "__main__":
    host, port, workers = settings()
    run_workers(workers, partial(serve, bound_socket(host, port)))
