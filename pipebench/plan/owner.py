"""Who makes a run: a process and its computer, so that others see whether it is still alive."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
ENDED = ("Z", "X")
"""States of processes that have ended, and whose parents have not yet asked how."""


class Owner(NamedTuple):
    """boot: the id of the computer's boot. started: when the process began, in ticks since then.

    Where the kernel does not say these, they are empty, and nobody knows whether it is alive.
    """

    computer: str
    boot: str
    pid: str
    started: str

    def __str__(self) -> str:
        return " ".join(self)

    @property
    def is_dead(self) -> bool:
        """Whether that process has ended for sure: of another computer, nobody knows here."""
        if not (self.boot and self.started) or self.computer != socket.gethostname():
            return False
        return self != owner_of(self.pid)


def owner_of(pid: int | str) -> Owner:
    """A process of this computer. One that does not exist, or has ended, did not start."""
    # the name of the program is in brackets, and may have any character
    fields = _read(PROC / str(pid) / "stat").rpartition(") ")[2].split()
    is_alive = fields and fields[0] not in ENDED
    return Owner(
        socket.gethostname(),
        _read(PROC / "sys/kernel/random/boot_id").strip(),
        str(pid),
        fields[19] if is_alive else "",
    )


def parsed(text: str) -> Owner:
    """The owner in a lease; one that nobody knows anything of if the text is another one."""
    parts = text.split(" ")
    return Owner(*parts) if len(parts) == 4 else Owner(text, "", "", "")


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
