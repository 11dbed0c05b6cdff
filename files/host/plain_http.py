"""Ask a server one plain question, with no library that could hide what it answers."""

from __future__ import annotations

import socket
import time

BODY = b"Hello world!"
ASK_EVERY_S = 0.005
ENOUGH_BYTES = 16_384


def ask_once(address: str, port: int, timeout: float) -> str | None:
    """None if `GET /` is answered with 200 and the body that was agreed; else what was seen.

    timeout: s, for all of it: a server that sends a byte now and then has no more time.
    """
    request = f"GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode()
    deadline = time.monotonic() + timeout
    seen = b""
    try:
        with socket.create_connection((address, port), timeout=timeout) as connection:
            connection.sendall(request)
            # A server that ignores `Connection: close` still shows the whole answer, and one that
            # never ends is not read for ever.
            while not seen.endswith(BODY) and len(seen) < ENOUGH_BYTES:
                connection.settimeout(left_until(deadline))
                block = connection.recv(65_536)
                if not block:
                    break
                seen += block
    except OSError as error:
        return f"{type(error).__name__}: {error}" if not seen else f"it answered {seen[:200]!r}"
    if seen.startswith(b"HTTP/1.1 200") and seen.endswith(b"\r\n\r\n" + BODY):
        return None
    return f"it answered {seen[:200]!r}"


def left_until(deadline: float) -> float:
    """s until a moment of the monotonic clock. Raises TimeoutError if it has come."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def wait_for_answer(address: str, port: int, patience: float) -> str | None:
    """Ask until the answer is right: None, or after `patience` seconds what was seen last."""
    deadline = time.monotonic() + patience
    while True:
        left = deadline - time.monotonic()
        seen = ask_once(address, port, max(min(left, 1.0), 0.05))
        if seen is None or left <= 0:
            return seen
        time.sleep(ASK_EVERY_S)
