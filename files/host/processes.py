"""What each process of a cgroup has used and holds: its CPU time, and connections to a port.

Between two looks, the differences show how evenly the workers of a server are loaded.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TypedDict

from host.cgroup import read

TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")
ESTABLISHED = "01"


class Look(TypedDict):
    """All processes at one moment. at: unix s; the lists have one entry for each process.

    cpu_us: since it was started, of all its threads. connections: that it holds.
    """

    at: float
    pids: list[int]
    cpu_us: list[int]
    connections: list[int]


def look(cgroup: Path, port: int) -> Look:
    """Every process of a cgroup that can be read, with its connections to a port of this host."""
    seen: Look = {"at": round(time.time(), 6), "pids": [], "cpu_us": [], "connections": []}
    sockets = connected_sockets(port)
    for pid in read(cgroup / "cgroup.procs").split():
        cpu_us = used_us(pid)
        held = held_of(sockets, pid)
        if cpu_us is None or held is None:  # it has just ended
            continue
        seen["pids"].append(int(pid))
        seen["cpu_us"].append(cpu_us)
        seen["connections"].append(held)
    return seen


def connected_sockets(port: int) -> set[str]:
    """The sockets that are connected to a port of this host, as /proc/PID/fd names them."""
    local_port = f":{port:04X}"
    sockets = set()
    for table in ("tcp", "tcp6"):
        for line in read(f"/proc/net/{table}").splitlines()[1:]:
            # slot, local address, remote address, state, ..., inode
            fields = line.split(maxsplit=10)
            if fields[1].endswith(local_port) and fields[3] == ESTABLISHED:
                sockets.add(f"socket:[{fields[9]}]")
    return sockets


def used_us(pid: str) -> int | None:
    """CPU time of a process; None if it has ended."""
    # the name, in brackets, may hold spaces and brackets
    _, _, rest = read(f"/proc/{pid}/stat").rpartition(") ")
    fields = rest.split()
    return (int(fields[11]) + int(fields[12])) * TICK_US if fields else None


def held_of(sockets: set[str], pid: str) -> int | None:
    """How many of these sockets a process holds; None if it has ended."""
    held = 0
    try:
        with os.scandir(f"/proc/{pid}/fd") as entries:
            for entry in entries:
                try:
                    held += os.readlink(entry.path) in sockets  # noqa: PTH115 (one a connection)
                except OSError:  # it was closed meanwhile
                    continue
    except OSError:
        return None
    return held


def looks(path: Path) -> list[Look]:
    """The looks that a file holds, a line each; none if there is no file.

    A last line that was cut short is left out.
    """
    return [json.loads(line) for line in read(path).splitlines() if line.endswith("}")]
