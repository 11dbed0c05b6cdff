"""What will be rented, and what it costs: a table for a person who is about to pay."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from pipebench.cloud.fleet import Fleet, FleetHost

ROLES = {"server": "server", "loadgen": "load generator"}


def offer(fleet: Fleet, now: datetime) -> str:
    """The hosts by type with their prices, until when, and what is not in the price."""
    counts = Counter((host.role, host.type) for host in fleet.hosts)
    first: dict[tuple[str, str], FleetHost] = {}
    for host in fleet.hosts:
        first.setdefault((host.role, host.type), host)
    rows = [
        (
            str(counts[role, type_]),
            ROLES[role],
            type_,
            f"{host.cpus} CPUs",
            network(host),
            f"{host.per_hour * counts[role, type_]:.4f} {fleet.currency}/h",
        )
        for (role, type_), host in sorted(first.items(), reverse=True)
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    hours = (fleet.expires - now.timestamp()) / 3600
    end = datetime.fromtimestamp(fleet.expires, UTC)
    near = "near each other" if fleet.near else "wherever the provider puts them in that zone"
    hosts = "\n".join(f"  {line}" for line in lines)
    money, in_all = fleet.currency, fleet.per_hour * hours
    return f"""\
{len(fleet.hosts)} hosts in {fleet.zone} at {fleet.provider}, {near}:

{hosts}

In all {fleet.per_hour:.4f} {money} an hour, and at most {in_all:.2f} {money} until \
{end:%Y-%m-%d %H:%M} UTC, their end.
Prices: {fleet.price_source}, {fleet.price_date}; disks, addresses and traffic are extra.\
{shared_text(fleet)}"""


def shared_text(fleet: Fleet) -> str:
    """What to expect of CPUs that others use, too, on its own line; empty if there are none."""
    types = sorted({host.type for host in fleet.hosts if host.shared})
    if not types:
        return ""
    return (
        f"\nOther customers use the CPUs of {', '.join(types)}, too: their figures scatter more, "
        "and a comparison with other types says less. Types with dedicated CPUs do not."
    )


def network(host: FleetHost) -> str:
    """Its bandwidth, as far as the provider says it."""
    if host.baseline_gbit is None:
        return ""
    peak = host.peak_gbit or host.baseline_gbit
    return f"{host.baseline_gbit:g} Gbit/s" + (
        f", for a while {peak:g}" if peak > host.baseline_gbit else ""
    )
