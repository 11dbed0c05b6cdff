"""Hello world with tornado on uvloop."""

import asyncio
import signal
from functools import partial

import uvloop
from launch import run_workers, settings
from tornado.web import Application, RequestHandler


async def somebody() -> None:
    return


class Hello(RequestHandler):
    async def get(self) -> None:
        await somebody()
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.write("Hello world!")


async def listen(host: str, port: int, *, shared: bool) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    app = Application([("/", Hello)], log_function=lambda _: None)
    # A generator's connections arrive all at once: more than the default backlog holds.
    app.listen(port, host, reuse_port=shared, backlog=1024)
    await stop.wait()


def serve(host: str, port: int, *, shared: bool) -> None:
    uvloop.run(listen(host, port, shared=shared))


if __name__ == "__main__":
    host, port, workers = settings()
    run_workers(workers, partial(serve, host, port, shared=workers > 1))
