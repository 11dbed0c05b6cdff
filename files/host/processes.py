"""What each process of a cgroup has used and holds: its CPU time, and connections to a port.

Between two looks, the differences show how evenly the workers of a server are loaded.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from host.cgroup import read

TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")
# From linux/netlink.h, linux/inet_diag.h and net/tcp_states.h.
NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY = 4, 20
REQUEST, DUMP = 1, 0x300
ESTABLISHED = 1
LARGEST_ANSWER = 65536
# length, type, flags, sequence number, port
HEADER = struct.Struct("=IHHII")
# family, protocol, extensions, padding, states, socket
DIAG_REQUEST = struct.Struct("=BBBBI48s")
# the local port, and after the rest of the socket, expiry, two queues and the user, the inode
DIAG_ANSWER = struct.Struct("=4xH62xI")


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
    """The sockets that are connected to a port of this host, as /proc/PID/fd names them.

    Asked of the kernel by sock_diag(7): /proc/net/tcp takes 20 times the CPU time, of a server that
    is being measured.
    """
    sockets = set()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as kernel:
        for family in (socket.AF_INET, socket.AF_INET6):
            asked = DIAG_REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, 1 << ESTABLISHED, b"")
            size = HEADER.size + len(asked)
            kernel.send(HEADER.pack(size, SOCK_DIAG_BY_FAMILY, REQUEST | DUMP, 1, 0) + asked)
            for local_port, inode in established(kernel):
                if local_port == port:
                    sockets.add(f"socket:[{inode}]")
    return sockets


def established(kernel: socket.socket) -> Iterator[tuple[int, int]]:
    """Local port and inode of each connection that the kernel lists."""
    while True:
        answer = kernel.recv(LARGEST_ANSWER)
        at = 0
        while at < len(answer):
            size, kind, *_ = HEADER.unpack_from(answer, at)
            if kind != SOCK_DIAG_BY_FAMILY:  # the end, or an error
                return
            local_port, inode = DIAG_ANSWER.unpack_from(answer, at + HEADER.size)
            yield socket.ntohs(local_port), inode
            at += (size + 3) & ~3


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
