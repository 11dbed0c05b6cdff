"""uvicorn as its documentation calls production, on uvloop and httptools, for any application.

The folders of the frameworks that it serves link to this file.
"""

import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from multiprocessing.connection import wait
from typing import Any

import uvicorn


def listen(host: str, port: int, *, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, reuse_port=shared)


def serve(app: Any, options: dict[str, Any], host: str, port: int, *, shared: bool) -> None:
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        **options,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listen(host, port, shared=shared)])


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


def main(app: Any, **options: Any) -> None:
    """Serve an ASGI application until SIGTERM. options: of uvicorn.Config, beside those of all."""
    host, port, workers = settings()
    if workers == 1:
        serve(app, options, host, port, shared=False)
    else:
        supervise(workers, partial(serve, app, options, host, port, shared=True))
