"""Packets that a cloud's network card held back, as the machine had used up what it may send.

The card of AWS (driver ena) counts them for each allowance: bandwidth in and out, packets a second,
connections. Each read is a command to the card, so it is read before a load and after it, and not
with every sample.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

NETWORK = Path("/sys/class/net")
DRIVERS = ("ena",)
COUNTER = re.compile(
    r"^\s*((?:bw_in|bw_out|pps|conntrack)_allowance_exceeded): (\d+)", re.MULTILINE
)


def cards(network: Path = NETWORK) -> list[str]:
    """The interfaces whose card has such counters."""
    drivers = ((path, path / "device" / "driver") for path in sorted(network.glob("*")))
    return [path.name for path, driver in drivers if driver.resolve().name in DRIVERS]


def exceeded(interfaces: Iterable[str]) -> dict[str, int] | None:
    """The counters of all of them together; None if they do not have any."""
    found: dict[str, int] = {}
    for interface in interfaces:
        try:
            shown = subprocess.run(
                ["ethtool", "-S", interface], capture_output=True, errors="replace", check=False
            ).stdout
        except OSError:
            return None
        for name, count in COUNTER.findall(shown):
            found[name] = found.get(name, 0) + int(count)
    return found or None


def growth(before: dict[str, int] | None, after: dict[str, int] | None) -> dict[str, int] | None:
    """What was counted between two reads; None if it is not known."""
    if before is None or after is None or before.keys() != after.keys():
        return None
    return {name: after[name] - before[name] for name in before}
