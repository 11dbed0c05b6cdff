"""How far a load generator's clock is from the server's, over the benchmark network.

Run in the folder above as `python3 -m host.clock`, with an order (orders.py):

    {"state": "started", "address", "port"}     on the server's host: its clock is told to who asks
        {"ready": true}
    {"state": "measured", "address", "port"}    on a generator's
        {"offset_s", "error_s", "exchanges", "at"}
    {"state": "stopped"}                        on the server's
        {}

offset_s: what must be added to this host's clock to have the server's. The exchange with the
shortest round trip counts, as with NTP, and half of that round trip is the largest error. The
class Clock of pipebench/record/schema.py says the rest. {"failed": true, "msg"} if nobody answers.
The clock is told on the port of the frameworks, which is free between two of them and known to be
let through.
"""

from __future__ import annotations

import socket
import struct
import sys
import time
from typing import TypedDict

from host.orders import obey
from host.plain_http import left_until
from host.sampling import PROGRAMS
from host.transient import RUNS_AT_MOST_S, TransientError, answer_order, run, start_unit
from host.units import end_all

UNIT = "pipeline-bench-clock.service"
ASK = b"?"
TIMES = struct.Struct("!dd")
EXCHANGES = 50
BETWEEN_S = 0.001
PATIENCE_S = 3.0
# All exchanges together: so long the clock is told.
ALL_S = RUNS_AT_MOST_S


class Measured(TypedDict):
    """What is printed of a clock."""

    offset_s: float
    error_s: float
    exchanges: int
    at: float


def tell(address: str, port: int) -> None:
    """Tell everyone who asks when it was asked and when it answered; does not return."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family) as listener:
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(PATIENCE_S)
                answer_on(connection)


def answer_on(connection: socket.socket) -> None:
    """Answer one connection, until it is closed or silent for too long."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while connection.recv(1):
            asked = time.time()
            connection.sendall(TIMES.pack(asked, time.time()))
    except OSError:
        return


def ask(address: str, port: int) -> Measured:
    """Compare the clocks. Raises OSError if nobody answers, or not all in time."""
    seen = []
    deadline = time.monotonic() + ALL_S
    with connected(address, port) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(EXCHANGES):
            sent = time.time()
            connection.sendall(ASK)
            asked, answered = TIMES.unpack(received(connection, TIMES.size, deadline))
            got = time.time()
            round_trip = (got - sent) - (answered - asked)
            seen.append((round_trip, ((asked - sent) + (answered - got)) / 2))
            time.sleep(BETWEEN_S)
    round_trip, offset = min(seen)
    return {
        "offset_s": round(offset, 6),
        "error_s": round(round_trip / 2, 6),
        "exchanges": EXCHANGES,
        "at": time.time(),
    }


def connected(address: str, port: int) -> socket.socket:
    """A connection; the server's host may take a moment until it listens."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return socket.create_connection((address, port), PATIENCE_S)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def received(connection: socket.socket, size: int, deadline: float) -> bytes:
    """So many bytes, until a moment of the monotonic clock.

    Raises ConnectionError if the other end closes before, TimeoutError if they are not there.
    """
    parts = b""
    while len(parts) < size:
        connection.settimeout(min(PATIENCE_S, left_until(deadline)))
        part = connection.recv(size - len(parts))
        if not part:
            raise ConnectionError("the server's host closed the connection")
        parts += part
    return parts


def start(address: str, port: int) -> dict[str, bool]:
    """Have the clock told until it is stopped, or for half a minute."""
    end_all()
    command = (sys.executable, "-S", "-m", "host.clock", address, str(port))
    start_unit(UNIT, "--property=DynamicUser=yes", f"--working-directory={PROGRAMS}", *command)
    return {"ready": True}


def stop() -> dict[str, bool]:
    """End what tells the clock, if anything does."""
    run("systemctl", "stop", UNIT)
    return {}


def measure(address: str, port: int) -> Measured:
    """Compare the clocks. Raises TransientError if nobody answers."""
    try:
        return ask(address, port)
    except OSError as error:
        raise TransientError(str(error)) from error


if __name__ == "__main__":
    if len(sys.argv) == 3:
        tell(sys.argv[1], int(sys.argv[2]))
    sys.exit(obey(lambda order: answer_order(order, start, measure, stop)))
