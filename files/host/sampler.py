"""Write down, ten times a second, what one systemd unit and its host have used so far.

The first line names the columns, every further line is one sample, oldest first, each a JSON list.
All but `t` and `unit_rss_bytes` are counters that only grow, so the difference of two lines is what
happened between them. What this host does not tell is null.

    t                     seconds since the epoch, by this host's clock
    unit_cpu_us           CPU time of the unit's cgroup, us
    unit_throttled_us     time that a CPU quota held the unit back, us
    unit_rss_bytes        resident memory of the unit's processes at this moment, bytes
    cpuN_busy_us          of every CPU N that may be used here: in programs and their system calls,
    cpuN_softirq_us       in interrupts (the network's, most of all),
    cpuN_steal_us         and taken by the hypervisor, us
    psi_cpu_us psi_memory_us psi_io_us      time that something had to wait for it, us
    tcp_active_opens tcp_out_segments tcp_retransmits tcp_listen_drops
    softnet_drops         packets lost in the kernel
    nic_rx_bytes nic_rx_packets nic_tx_bytes nic_tx_packets nic_drops
                          of the interface that the load takes

With --processes FILE and more than one worker, that file gets a line a second: a look at every
process of the unit (processes.py).

No rule reads psi_memory_us and psi_io_us: they show a person whether a host was short of either.
A last sample is taken at SIGTERM. It ends without one if the --parent that started it has ended.
Needs the standard library of CPython 3.9, and iproute2.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TextIO

from host.cgroup import find_cgroup, read
from host.interface import find_interface
from host.processes import TICK_US, look

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
LOOK_EVERY_S = 1.0
PRESSURES = ("cpu", "memory", "io")
TCP = {
    "tcp_active_opens": ("Tcp", "ActiveOpens"),
    "tcp_out_segments": ("Tcp", "OutSegs"),
    "tcp_retransmits": ("Tcp", "RetransSegs"),
    "tcp_listen_drops": ("TcpExt", "ListenDrops"),
}
NIC = ("nic_rx_bytes", "nic_rx_packets", "nic_tx_bytes", "nic_tx_packets", "nic_drops")


def unit_counters(folder: Path | None) -> dict[str, int | None]:
    """CPU time, throttling and memory of a cgroup; null once it has gone."""
    counters: dict[str, int | None] = {
        "unit_cpu_us": None, "unit_throttled_us": None, "unit_rss_bytes": None,
    }  # fmt: skip
    if folder is None:
        return counters
    names = {"usage_usec": "unit_cpu_us", "throttled_usec": "unit_throttled_us"}
    for line in read(folder / "cpu.stat").splitlines():
        key, value = line.split()
        if key in names:
            counters[names[key]] = int(value)
    for pid in read(folder / "cgroup.procs").split():
        pages = read(f"/proc/{pid}/statm").split()
        if pages:  # it may have ended between the two reads
            counters["unit_rss_bytes"] = (counters["unit_rss_bytes"] or 0) + (
                int(pages[1]) * PAGE_BYTES
            )
    return counters


def cpu_counters(cpus: list[int]) -> dict[str, int | None]:
    """Time of each CPU by what it was spent on (/proc/stat)."""
    counters: dict[str, int | None] = {
        f"cpu{cpu}_{kind}_us": None for cpu in cpus for kind in ("busy", "softirq", "steal")
    }
    for line in read("/proc/stat").splitlines():
        name, *fields = line.split()
        if f"{name}_busy_us" in counters:
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields[:8])
            counters[f"{name}_busy_us"] = (user + nice + system) * TICK_US
            counters[f"{name}_softirq_us"] = (irq + softirq) * TICK_US
            counters[f"{name}_steal_us"] = steal * TICK_US
    return counters


def pressure_counters() -> dict[str, int | None]:
    """Time that at least one task waited for a resource (PSI `some`), us."""
    counters: dict[str, int | None] = {}
    for kind in PRESSURES:
        some = read(f"/proc/pressure/{kind}").partition("\n")[0]
        _, _, total = some.rpartition("total=")
        counters[f"psi_{kind}_us"] = int(total) if total.isdigit() else None
    return counters


def network_counters(interface: str | None) -> dict[str, int | None]:
    """TCP, the kernel's packet queues, and one interface."""
    tables: dict[str, dict[str, str]] = {}
    lines = (read("/proc/net/snmp") + read("/proc/net/netstat")).splitlines()
    for names, values in zip(lines[::2], lines[1::2]):
        name, _, rest = names.partition(": ")
        tables[name] = dict(zip(rest.split(), values.split()[1:]))
    counters: dict[str, int | None] = {
        column: int(tables[table][field]) if field in tables.get(table, {}) else None
        for column, (table, field) in TCP.items()
    }
    rows = [line.split() for line in read("/proc/net/softnet_stat").splitlines()]
    counters["softnet_drops"] = sum(int(row[1], 16) for row in rows) if rows else None
    counters.update(dict.fromkeys(NIC))
    for line in read("/proc/net/dev").splitlines():
        name, _, rest = line.partition(":")
        if interface and name.strip() == interface:
            f = list(map(int, rest.split()))
            # /proc/net/dev: received bytes, packets, errors, drops, ...; sent the same from 8 on
            counters.update(zip(NIC, (f[0], f[1], f[8], f[9], f[3] + f[11])))
    return counters


def sample(
    unit: Path | None, cpus: list[int], interface: str | None
) -> dict[str, int | float | None]:
    """All columns at this moment; `unit` is the folder of its cgroup."""
    return {
        "t": round(time.time(), 6),
        **unit_counters(unit),
        **cpu_counters(cpus),
        **pressure_counters(),
        **network_counters(interface),
    }


def ended(due: float) -> bool:
    """Wait until `due` (monotonic, s), or until SIGTERM, and say whether that has come."""
    left = max(0.0, due - time.monotonic())
    return signal.sigtimedwait([signal.SIGTERM], left) is not None


class Looks:
    """Looks at the unit's processes, at most one every LOOK_EVERY_S, as lines of a file."""

    def __init__(self, path: str | None, port: int, workers: int) -> None:
        self.path = Path(path) if path and workers > 1 else None
        self.port = port
        self.due = time.monotonic() + LOOK_EVERY_S

    def take(self, cgroup: Path | None) -> None:
        """Look, if it is due."""
        if self.path is None or cgroup is None or time.monotonic() < self.due:
            return
        self.due += LOOK_EVERY_S
        with self.path.open("a") as lines:
            lines.write(json.dumps(look(cgroup, self.port), separators=(",", ":")) + "\n")


def write_samples(output: TextIO, options: argparse.Namespace) -> None:
    """Write the columns and a sample every `interval` seconds, and one more at SIGTERM."""
    looks = Looks(options.processes, options.port, options.workers)
    cpus = sorted(os.sched_getaffinity(0))
    folder, interface, named, last = None, None, False, False
    due = time.monotonic()
    while options.parent in (None, os.getppid()):
        if options.unit and folder is None:
            folder = find_cgroup(options.unit)
        counters = sample(folder, cpus, interface)
        if not named:
            output.write(json.dumps(list(counters)) + "\n")
        output.write(json.dumps(list(counters.values()), separators=(",", ":")) + "\n")
        if last:
            return
        looks.take(folder)
        if options.address and not named:  # after the first sample, which must not wait for it
            interface = find_interface(options.address)
        named = True
        due = max(due + options.interval, time.monotonic())
        last = ended(due)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", required=True, help="the file to write anew")
    parser.add_argument("--unit", help="the systemd unit to watch")
    parser.add_argument("--address", help="which the load comes from or goes to")
    parser.add_argument("--interval", type=float, default=0.1, help="seconds (default: 0.1)")
    parser.add_argument("--processes", metavar="FILE", help="gets looks at the unit's processes")
    parser.add_argument("--port", type=int, default=0, help="whose connections these hold")
    parser.add_argument("--workers", type=int, default=1, help="with one there is no look")
    # told, as one that has ended already cannot be asked for
    parser.add_argument("--parent", type=int, help="the process that starts it")
    options = parser.parse_args()

    # Waited for, not handled: a handler could run while the very lock that it needs is held.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    with Path(options.output).open("w", buffering=1) as output:
        write_samples(output, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
