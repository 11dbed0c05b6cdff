#!/usr/bin/env python3
"""Write down, ten times a second, what one systemd unit and its host have used so far.

One JSON object a line, oldest first; every counter is cumulative, so that the difference of two
lines is what happened between them:

    t             seconds since the epoch, from this host's clock
    unit_cpu_us   CPU time of the unit's cgroup, us (cpu.stat usage_usec); null before it has one
    unit_rss_bytes  resident memory of the unit's processes, bytes, at this moment; null if none
    host_cpu_us   {user, system, idle, iowait, irq, softirq, steal}: all CPUs together, us

A last line is written at SIGTERM. Needs only the standard library of CPython 3.9.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
CGROUP_ROOTS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))


def find_cgroup(unit: str) -> Path | None:
    """The folder of the unit's cgroup (version 2), or None while it has none."""
    shown = subprocess.run(
        ["systemctl", "show", "--property=ControlGroup", "--value", unit],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    if not shown:
        return None
    for root in CGROUP_ROOTS:
        folder = root / shown.lstrip("/")
        if (folder / "cpu.stat").is_file() and (root / "cgroup.controllers").is_file():
            return folder
    return None


def cpu_us(folder: Path) -> int | None:
    """usage_usec of a cgroup, or None when it has gone with its last process."""
    try:
        for line in (folder / "cpu.stat").read_text().splitlines():
            if line.startswith("usage_usec "):
                return int(line.split()[1])
    except OSError:
        pass
    return None


def rss_bytes(folder: Path) -> int | None:
    """Resident memory of the processes of a cgroup, in bytes, or None if there are none."""
    total = None
    try:
        pids = (folder / "cgroup.procs").read_text().split()
    except OSError:
        return None
    for pid in pids:
        try:
            pages = int(Path("/proc", pid, "statm").read_text().split()[1])
        except (OSError, IndexError):
            continue  # it ended between the two reads
        total = (total or 0) + pages * PAGE_BYTES
    return total


def host_cpu_us() -> dict[str, int]:
    """CPU time of the whole host so far, by kind, in us."""
    with Path("/proc/stat").open() as stat:
        user, nice, system, idle, iowait, irq, softirq, steal = map(
            int, stat.readline().split()[1:9]
        )
    ticks = {
        "user": user + nice,
        "system": system,
        "idle": idle,
        "iowait": iowait,
        "irq": irq,
        "softirq": softirq,
        "steal": steal,
    }
    return {kind: count * TICK_US for kind, count in ticks.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--unit", required=True, help="the systemd unit to watch")
    parser.add_argument("--output", required=True, help="the file of JSON lines to write anew")
    parser.add_argument("--interval", type=float, default=0.1, help="seconds (default: 0.1)")
    options = parser.parse_args()

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    folder = None
    with Path(options.output).open("w", buffering=1) as output:
        due = time.monotonic()
        while True:
            folder = folder or find_cgroup(options.unit)
            sample = {
                "t": round(time.time(), 6),
                "unit_cpu_us": cpu_us(folder) if folder else None,
                "unit_rss_bytes": rss_bytes(folder) if folder else None,
                "host_cpu_us": host_cpu_us(),
            }
            output.write(json.dumps(sample, separators=(",", ":")) + "\n")
            if stop.is_set():
                return 0
            due = max(due + options.interval, time.monotonic())
            stop.wait(due - time.monotonic())


if __name__ == "__main__":
    sys.exit(main())
