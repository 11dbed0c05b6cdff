"""Hello world with tornado on uvloop."""

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from multiprocessing.connection import wait

import uvloop
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
