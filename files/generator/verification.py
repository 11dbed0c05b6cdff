"""Verify on a few further connections what the server answers, before and under a load.

The connections are opened before the load begins: servers that let in one connection a turn of
their loop would keep those that come later waiting. probe/under_load.py asks on them.
"""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from generator.tool import Order

PROGRAM = Path(__file__).resolve().parents[1] / "probe" / "under_load.py"
CONNECTIONS = 4
WARMUP_EVERY_S = 0.02
# Of the measured window: no more of what is measured than this, and no more often.
MOST_SHARE = 0.001
LEAST_EVERY_S = 0.02
# It ends by itself when the phase does; one that does not must not hold the measurement up.
STOP_S = 10
NOTHING_SAID = "the verification printed no result"


class Verification:
    """What was verified of one measurement; `text` is it as JSON once it has ended.

    alone: how the load tool's own batch was answered before the load (probe/under_load.py).
    """

    def __init__(self, order: Order, process: subprocess.Popen[str]) -> None:
        self.order = order
        self.process = process
        self.alone: dict[str, Any] = {}
        self.text = "null"

    def ask_alone(self, sockets: list[int]) -> None:
        """Raises OSError if it says nothing of it."""
        assert self.process.stdout
        self.say(
            {
                "address": self.order.address,
                "port": self.order.port,
                "depth": self.order.depth,
                "seed": random.randrange(2**53),  # noqa: S311 - no secret once it is over
                "patience": self.order.patience,
                "sockets": sockets,
            }
        )
        line = self.process.stdout.readline()
        if not line:
            raise OSError(NOTHING_SAID)
        self.alone = json.loads(line)

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
        until = time.time() + seconds
        self.say({"phase": phase, "until": until, "batches": batches, "depth": depth})

    def say(self, order: dict[str, object]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """Have it end, and keep what it printed. Raises OSError if it printed nothing whole."""
        try:
            printed, _ = self.process.communicate(timeout=STOP_S)
            self.text = json.dumps({**json.loads(printed), "alone": self.alone})
        except (subprocess.TimeoutExpired, ValueError):
            self.process.kill()
            self.process.wait()
            raise OSError(NOTHING_SAID) from None


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
        numbers = [one.fileno() for one in sockets]
        for one in sockets:
            one.close()
        try:
            verification.ask_alone(numbers)
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
