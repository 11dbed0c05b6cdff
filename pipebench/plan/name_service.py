"""The addresses of names, as the name service of this computer has them; each is asked for once."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from threading import Thread

_answers: dict[str, str | OSError] = {}
"""By name: its address, or why there is none."""


def looked_up(name: str) -> str:
    """The IP address of a name. Raises OSError if there is none."""
    if name not in _answers:
        _ask(name)
    answer = _answers[name]
    if isinstance(answer, OSError):
        raise answer
    return answer


def unanswered(names: Iterable[str], wait_s: float) -> list[str]:
    """Ask for all names at once. Those about which nothing came within the time."""
    asking = {name: Thread(target=_ask, args=(name,), daemon=True) for name in names}
    for thread in asking.values():
        thread.start()
    end = time.monotonic() + wait_s
    for thread in asking.values():
        thread.join(max(0, end - time.monotonic()))
    return [name for name in asking if name not in _answers]


def _ask(name: str) -> None:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError as error:
        _answers[name] = error
    except UnicodeError as error:  # two dots, or more than 63 letters without one
        _answers[name] = OSError(str(error))
    else:
        _answers[name] = str(found[0][4][0])
