"""How a server in Python is launched: its settings, its socket and its worker processes.

The folders of the frameworks link to this file. It must run on CPython 3.7, as some of them do.
"""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable
from ipaddress import ip_address
from multiprocessing.connection import wait
from typing import NamedTuple


class Settings(NamedTuple):
    host: str  # an IP address
    port: int
    workers: int  # from 1


def settings() -> Settings:
    """Read BENCH_*; if one is missing or wrong, say so on stderr and end with status 2."""
    address = os.environ.get("BENCH_ADDRESS", "")
    port = os.environ.get("BENCH_PORT", "")
    workers = os.environ.get("BENCH_WORKERS", "1")
    try:
        if 0 < int(port) < 65536 and int(workers) > 0:
            return Settings(str(ip_address(address)), int(port), int(workers))
    except ValueError:
        pass
    print(
        "BENCH_ADDRESS must be an IP address, BENCH_PORT a port number and BENCH_WORKERS"
        f" a number from 1: got {address!r}, {port!r} and {workers!r}",
        file=sys.stderr,
    )
    sys.exit(2)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Make a loop of the module that BENCH_LOOP names; of uvloop without it."""
    module = importlib.import_module(os.environ.get("BENCH_LOOP", "uvloop"))
    loop: asyncio.AbstractEventLoop = module.new_event_loop()
    return loop


def bound_socket(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Open a TCP socket of this address that does not listen yet.

    shared: whether each worker binds one of its own; the kernel then distributes the connections.
    """
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((host, port))
    return bound


def run_workers(count: int, serve: Callable[[], None]) -> None:
    """Run `serve` here if there is one worker, else in `count` child processes.

    They end together: at SIGTERM, or with status 1 when the first of them ends by itself.
    """
    if count == 1:
        serve()
        return
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=run_worker, args=(serve,), daemon=True) for _ in range(count)]
    # A SIGTERM that came while they start would be lost on the one that is being started.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    for process in processes:
        process.start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    wait([process.sentinel for process in processes])
    sys.exit("A worker has ended by itself.")  # at exit, daemons are terminated


def run_worker(serve: Callable[[], None]) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # blocked by the parent
    serve()
