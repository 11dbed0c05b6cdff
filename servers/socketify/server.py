"""Hello world with socketify, whose server is written in C++ (uWebSockets)."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from multiprocessing.connection import wait
from typing import Any

from socketify import App, AppListenOptions


async def somebody() -> None:
    return


async def hello(response: Any, _: Any) -> None:
    await somebody()
    response.cork_send("Hello world!", b"text/plain; charset=utf-8")


def missing(response: Any, _: Any) -> None:
    response.cork_send("Not found\n", b"text/plain; charset=utf-8", b"404 Not Found")


def bodiless(status: str, response: Any, _: Any) -> None:
    response.cork(lambda corked: corked.write_status(status).end_without_body())


def serve(host: str, port: int) -> None:
    app = App()
    app.get("/", hello)
    app.head("/", partial(bodiless, "200 OK"))
    app.head("/*", partial(bodiless, "404 Not Found"))
    app.any("/*", missing)
    app.listen(AppListenOptions(port=port, host=host), lambda _: None)
    app.run()


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
        serve(host, port)
    else:
        supervise(workers, partial(serve, host, port))
