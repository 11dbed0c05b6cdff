"""The processes that a program started, and where they listen."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import NamedTuple

LISTEN = "0A"
"""The state of a socket in /proc/net/tcp."""


class Listening(NamedTuple):
    address: IPv4Address | IPv6Address
    port: int

    def __str__(self) -> str:
        return f"{self.address}, port {self.port}"


def processes_of(session: int) -> list[int]:
    """The processes of a session, by the process that began it."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(") ")[2].split()
            if int(fields[3]) == session:
                found.append(int(stat.parent.name))
    return found


def listening(session: int) -> set[Listening]:
    """Where the processes of a session listen for TCP."""
    own = {inode for pid in processes_of(session) for inode in _sockets(pid)}
    found = set()
    for name in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in Path("/proc/net", name).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTEN and fields[9] in own:
                    found.add(_place(fields[1]))
    return found


def _sockets(pid: int) -> set[str]:
    """The inodes of the sockets that a process has."""
    found = set()
    with suppress(OSError):
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                target = str(file.readlink())
                if target.startswith("socket:["):
                    found.add(target[len("socket:[") : -1])
    return found


def _place(text: str) -> Listening:
    """`0100007F:1F90`: each 32 bits in the order of this machine, which is little-endian."""
    digits, _, port = text.partition(":")
    words = [bytes.fromhex(digits[at : at + 8])[::-1] for at in range(0, len(digits), 8)]
    packed = b"".join(words)
    return Listening(
        IPv4Address(packed) if len(packed) == 4 else IPv6Address(packed), int(port, 16)
    )
