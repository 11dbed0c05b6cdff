"""Who makes a run: a process and its computer, so that others see whether it is still alive.

That a process has ended is known only where it would be seen: in the same namespace of processes,
on the same boot, by the same checkout. Computers that are cloned have the same name and files, and
containers of one computer the same boot; a computer that was booted again cannot be told from its
clone. Of all these nobody is dead.
"""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pipebench.plan.project import ROOT

PROC = Path("/proc")
ENDED = ("Z", "X")
"""States of processes that have ended, and whose parents have not yet asked how."""
END_S = 10


class Owner(NamedTuple):
    """A process. boot: the id of the computer's boot. processes: of the namespace of its number.

    checkout: of this project. started: when the process began, in ticks since the boot. What the
    kernel does not say is empty, and nobody knows then whether it is alive.
    """

    computer: str
    boot: str
    processes: str
    checkout: str
    pid: str
    started: str

    def __str__(self) -> str:
        return " ".join(self)

    @property
    def is_dead(self) -> bool:
        """Whether that process has ended for sure."""
        if not all(self) or not self.pid.isdigit():
            return False
        here = owner_of(self.pid)
        if self[:4] != here[:4] or self.started == here.started:
            return False
        # the files of another user's process may be hidden
        return bool(here.started) or not _exists(int(self.pid)) or _has_ended(self.pid)

    def end(self, within_s: float = END_S) -> None:
        """End it, and wait until it has ended. One of which nothing is known is left alone."""
        if not all(self):
            return
        deadline = time.monotonic() + within_s
        while not self.is_dead and time.monotonic() < deadline:
            with suppress(ProcessLookupError):
                os.kill(int(self.pid), signal.SIGTERM)
            time.sleep(0.05)


def owner_of(pid: int | str) -> Owner:
    """A process of this computer. One that does not exist, or has ended, did not start."""
    fields = _stat(pid)
    return Owner(
        socket.gethostname(),
        _read(PROC / "sys/kernel/random/boot_id").strip(),
        _link(PROC / "self/ns/pid"),
        _checkout(),
        str(pid),
        fields[19] if fields and fields[0] not in ENDED else "",
    )


def parsed(text: str) -> Owner:
    """The owner in a lease; one that nobody knows anything of if the text is another one."""
    parts = text.split(" ")
    return Owner(*parts) if len(parts) == 6 else Owner(parts[0], *[""] * 5)


@cache
def _checkout() -> str:
    """The folder of this checkout, and which one of that name it is."""
    at = ROOT.stat()
    return hashlib.sha256(f"{at.st_dev} {at.st_ino} {ROOT}".encode()).hexdigest()[:16]


def _stat(pid: int | str) -> list[str]:
    """What the kernel says of a process, from its state on."""
    # the name of the program is in brackets, and may have any character
    return _read(PROC / str(pid) / "stat").rpartition(") ")[2].split()


def _has_ended(pid: str) -> bool:
    return (_stat(pid) or [""])[0] in ENDED


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
