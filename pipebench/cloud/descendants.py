"""What a program started, and what that started: it may outlive its parent and go on creating.

Ansible gives each worker a session of its own, and a module that waits for its provider outlives
the playbook that was interrupted. So neither the child nor its process group says when all is over.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
PROC = Path("/proc")
LOOK_S = 0.05


def keep_orphans() -> None:
    """From now on what outlives its parent becomes a child of this process, and not of init."""
    with suppress(AttributeError, OSError):  # only Linux has it
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(of: int) -> list[int]:
    """The processes that a process started, and those that these started."""
    children: dict[int, list[int]] = {}
    for number, parent in _parents():
        children.setdefault(parent, []).append(number)
    found: list[int] = []
    waiting = [of]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def end_descendants(patience_s: float) -> None:
    """End all that this process started, and wait until it has ended.

    They are asked to end at first, and killed after patience_s; what cannot be killed is waited for
    as long again. None of them may be waited for by anybody else.
    """
    began = time.monotonic()
    asked: set[int] = set()
    while True:
        _reap()
        alive = descendants(os.getpid())
        took = time.monotonic() - began
        if not alive or took > 2 * patience_s:
            return
        over = took > patience_s
        for number in alive:
            if over or number not in asked:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(number, signal.SIGKILL if over else signal.SIGTERM)
        asked |= set(alive)
        time.sleep(LOOK_S)


def _parents() -> Iterator[tuple[int, int]]:
    for path in PROC.glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            # the name of the program is in brackets, and may have any character
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(") ")[2].split()
            yield int(path.parent.name), int(fields[1])


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
