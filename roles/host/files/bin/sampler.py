"""Write down, ten times a second, what one systemd unit and its host have used so far.

The first line names the columns, every further line is one sample, oldest first, each a JSON list.
All but `t` and `unit_rss_bytes` are counters that only grow, so the difference of two lines is what
happened between them. What this host does not say is null.

    t                     seconds since the epoch, by this host's clock
    unit_cpu_us           CPU time of the unit's cgroup, us
    unit_throttled_us     time that a CPU quota held the unit back, us
    unit_rss_bytes        resident memory of the unit's processes at this moment, bytes
    context_switches      of the whole host
    cpuN_busy_us          of every CPU N that may be used here: in programs and their system calls,
    cpuN_softirq_us       in interrupts (the network's, most of all),
    cpuN_steal_us         and taken by the hypervisor, us
    psi_cpu_us psi_memory_us psi_io_us      time that something had to wait for it, us
    tcp_active_opens tcp_in_segments tcp_out_segments tcp_retransmits tcp_listen_drops
    softnet_drops softnet_squeezes          packets lost, and rounds cut short, in the kernel
    nic_rx_bytes nic_rx_packets nic_tx_bytes nic_tx_packets nic_drops
                          of the interface that the load takes

A last sample is taken at SIGTERM. Needs the standard library of CPython 3.9, and iproute2.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
CGROUP_ROOTS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
PRESSURES = ("cpu", "memory", "io")
TCP = {
    "tcp_active_opens": ("Tcp", "ActiveOpens"),
    "tcp_in_segments": ("Tcp", "InSegs"),
    "tcp_out_segments": ("Tcp", "OutSegs"),
    "tcp_retransmits": ("Tcp", "RetransSegs"),
    "tcp_listen_drops": ("TcpExt", "ListenDrops"),
}
NIC = ("nic_rx_bytes", "nic_rx_packets", "nic_tx_bytes", "nic_tx_packets", "nic_drops")


def read(path: Path | str) -> str:
    """What a file says; nothing where there is none."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""


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


def find_interface(address: str) -> str | None:
    """The interface that has this address, or else the one that leads to it."""

    def ask(*words: str) -> list[dict[str, Any]]:
        shown = subprocess.run(
            ["ip", "-json", *words], capture_output=True, text=True, check=False
        ).stdout
        try:
            return json.loads(shown or "[]")
        except ValueError:
            return []

    for link in ask("address"):
        if address in [entry.get("local") for entry in link.get("addr_info", [])]:
            return link["ifname"]
    return next((route.get("dev") for route in ask("route", "get", address)), None)


def unit_counters(folder: Path | None) -> dict[str, int | None]:
    """CPU time, throttling and memory of a cgroup; nothing when it has gone."""
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
    """Time of each CPU by what it was spent on, and the host's context switches (/proc/stat)."""
    counters: dict[str, int | None] = {"context_switches": None}
    for cpu in cpus:
        for kind in ("busy", "softirq", "steal"):
            counters[f"cpu{cpu}_{kind}_us"] = None
    for line in read("/proc/stat").splitlines():
        name, *fields = line.split()
        if name == "ctxt":
            counters["context_switches"] = int(fields[0])
        elif f"{name}_busy_us" in counters:
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
    counters["softnet_squeezes"] = sum(int(row[2], 16) for row in rows) if rows else None
    counters.update(dict.fromkeys(NIC))
    for line in read("/proc/net/dev").splitlines():
        name, _, rest = line.partition(":")
        if interface and name.strip() == interface:
            f = list(map(int, rest.split()))
            # /proc/net/dev: received bytes, packets, errors, drops, ...; sent the same from 8 on
            values = (f[0], f[1], f[8], f[9], f[3] + f[11])
            counters.update(zip(NIC, values))
    return counters


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", required=True, help="the file to write anew")
    parser.add_argument("--unit", help="the systemd unit to watch")
    parser.add_argument("--address", help="which the load comes from or goes to")
    parser.add_argument("--interval", type=float, default=0.1, help="seconds (default: 0.1)")
    options = parser.parse_args()

    # Waited for, not handled: a handler could run while the very lock that it needs is held.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    cpus = sorted(os.sched_getaffinity(0))
    folder, interface, asked = None, None, False
    with Path(options.output).open("w", buffering=1) as output:
        due = time.monotonic()
        header, last = True, False
        while True:
            if options.unit and folder is None:
                folder = find_cgroup(options.unit)
            sample: dict[str, float | None] = {"t": round(time.time(), 6)}
            sample |= unit_counters(folder)
            sample |= cpu_counters(cpus)
            sample |= pressure_counters()
            sample |= network_counters(interface)
            if header:
                output.write(json.dumps(list(sample)) + "\n")
                header = False
            output.write(json.dumps(list(sample.values()), separators=(",", ":")) + "\n")
            if last:
                return 0
            if options.address and not asked:
                interface, asked = find_interface(options.address), True
            due = max(due + options.interval, time.monotonic())
            left = max(0.0, due - time.monotonic())
            last = signal.sigtimedwait([signal.SIGTERM], left) is not None


if __name__ == "__main__":
    sys.exit(main())
