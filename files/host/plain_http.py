"""Ask a server one plain question, with no library that could hide what it answers."""

from __future__ import annotations

import socket
import time

from host.answers import NotHttpError, Reader

BODY = b"Hello world!"
ASK_EVERY_S = 0.005
ENOUGH_BYTES = 16_384
SHOWN = 200


def ask_once(address: str, port: int, timeout: float) -> str | None:
    """None if `GET /` is answered with 200 and the body that was agreed; else what was seen.

    However the answer is framed, if HTTP allows it. timeout: s, for all of it: a server that sends
    a byte now and then has no more time.
    """
    request = f"GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode()
    deadline = time.monotonic() + timeout
    reader = Reader()
    shown, trouble = b"", ""
    try:
        with socket.create_connection((address, port), timeout=timeout) as connection:
            connection.sendall(request)
            # A server that ignores `Connection: close` still shows the whole answer, and one that
            # never ends is not read for ever.
            while len(reader.buffer) < ENOUGH_BYTES and not reader.ended:
                connection.settimeout(left_until(deadline))
                block = connection.recv(65_536)
                shown = (shown + block)[:SHOWN]
                if block:
                    reader.feed(block)
                else:
                    reader.end()
                answer = reader.take()
                if answer:
                    right = answer.status == 200 and answer.body == BODY and not reader.buffer
                    return None if right else f"it answered {shown!r}"
    except NotHttpError as error:
        trouble = f", which is not HTTP: {error}"
    except OSError as error:
        if not shown:
            return f"{type(error).__name__}: {error}"
        trouble = ", and did not end its answer"
    return f"it answered {shown!r}{trouble}"


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
