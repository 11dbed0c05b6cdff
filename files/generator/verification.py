"""Verify on a few further connections what the server answers while a load tool loads it.

The connections are opened before the load begins: servers that let in one connection a turn of
their loop would keep those that come later waiting. probe/under_load.py asks on them.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from generator.tool import Order

PROGRAM = Path(__file__).resolve().parents[1] / "probe" / "under_load.py"
CONNECTIONS = 4
WARMUP_EVERY_S = 0.05
# Of the measured window: no more of what is measured than this, and no more often.
MOST_SHARE = 0.001
LEAST_EVERY_S = 0.25
# It ends by itself when the phase does; one that does not must not hold the measurement up.
STOP_S = 10


class Verification:
    """What was verified of one measurement; `text` is it as JSON once it has ended."""

    def __init__(self, order: Order, process: subprocess.Popen[str]) -> None:
        self.order = order
        self.process = process
        self.text = "null"

    def warm_up(self, seconds: float) -> None:
        """Verify through the warm-up, which begins now."""
        self.verify("warmup", seconds, int(seconds / WARMUP_EVERY_S), self.order.depth)

    def measure(self, seconds: float, requests_per_s: float | None) -> None:
        """Verify sparsely through the measured window, which begins now; not at all if it is not
        known how many requests are few."""
        most = int(MOST_SHARE * seconds * (requests_per_s or 0))
        depth = min(self.order.depth, most)
        if depth:
            batches = min(most // depth, int(seconds / LEAST_EVERY_S))
            self.verify("measured", seconds, batches, depth)

    def verify(self, phase: str, seconds: float, batches: int, depth: int) -> None:
        assert self.process.stdin
        until = time.time() + seconds
        order = {"phase": phase, "until": until, "batches": batches, "depth": depth}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """Have it end, and keep what it printed. Raises OSError if it printed nothing whole."""
        try:
            printed, _ = self.process.communicate(timeout=STOP_S)
            self.text = json.dumps(json.loads(printed))
        except (subprocess.TimeoutExpired, ValueError):
            self.process.kill()
            self.process.wait()
            raise OSError("the verification under load printed no result") from None


@contextmanager
def verifying(order: Order) -> Iterator[Verification]:
    """Verify while the body runs and says when a phase begins. Raises OSError if that fails."""
    sockets = open_sockets(order)
    with subprocess.Popen(
        [sys.executable, "-S", str(PROGRAM)],  # nothing that is installed: it starts sooner
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        errors="replace",
        pass_fds=[one.fileno() for one in sockets],
    ) as process:
        verification = Verification(order, process)
        assert process.stdin
        numbers = [one.fileno() for one in sockets]
        first = {"address": order.address, "port": order.port, "sockets": numbers}
        process.stdin.write(json.dumps(first) + "\n")
        process.stdin.flush()
        for one in sockets:
            one.close()
        try:
            yield verification
        except BaseException:
            process.kill()
            raise
        verification.end()


def open_sockets(order: Order) -> list[socket.socket]:
    """Connections to the server, as many as it accepts."""
    sockets = []
    for _ in range(CONNECTIONS):
        try:
            sockets.append(
                socket.create_connection((order.address, order.port), timeout=order.patience)
            )
        except OSError:
            break
    return sockets
