"""How far a generator's clock is from the server's, asked of a process with another clock."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from host import clock

FILES = Path(__file__).parents[4] / "files"
TELLS = """\
import sys, time
real = time.time
time.time = lambda: real() + {shift}
from host import clock
clock.tell("127.0.0.1", {port})
"""
LOOPBACK_S = 0.005
"""More than the two processes' reading of one clock differs by, on a busy machine too."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def told(shift: float) -> Iterator[int]:
    """A process that tells a clock which is ahead of this one by `shift` s; yields its port."""
    port = free_port()
    code = TELLS.format(shift=shift, port=port)
    process = subprocess.Popen([sys.executable, "-c", code], cwd=FILES)
    try:
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("shift", [0.0, 3.0, -3.5, 0.25])
def test_the_offset_is_within_its_error(shift: float) -> None:
    with told(shift) as port:
        measured = clock.ask("127.0.0.1", port)
    assert abs(measured["offset_s"] - shift) <= measured["error_s"] + LOOPBACK_S
    assert measured["error_s"] >= 0
    assert measured["exchanges"] == clock.EXCHANGES


def test_one_generator_after_the_other_is_answered() -> None:
    with told(1.0) as port:
        offsets = [clock.ask("127.0.0.1", port)["offset_s"] for _ in range(3)]
    assert all(abs(offset - 1.0) < 2 * LOOPBACK_S for offset in offsets)


def test_nobody_who_tells_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "PATIENCE_S", 0.1)
    with pytest.raises(ConnectionRefusedError):
        clock.ask("127.0.0.1", free_port())


def test_who_closes_early_is_said() -> None:
    near, far = socket.socketpair()
    far.close()
    with near, pytest.raises(ConnectionError, match="closed"):
        clock.received(near, 16, time.monotonic() + 60)


def test_who_trickles_has_no_more_time() -> None:
    """A byte came in time, and the whole does not."""
    near, far = socket.socketpair()
    with near, far:
        far.sendall(b"x" * 15)
        with pytest.raises(TimeoutError):
            clock.received(near, 16, time.monotonic() + 0.1)
