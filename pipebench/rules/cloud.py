"""What a cloud allows a rented host, and what a measurement used of it: network above all.

The card of a cloud holds packets back once an allowance of the machine is used up. Below that, many
types may send faster than their baseline for a while, on credits that a longer run would not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pipebench.measure.usage import Usage

HELD_BACK = 0.001
"""Share of a host's packets from which on its allowance is the limit; less is a short peak."""
ALLOWANCES = {
    "bw_in_allowance_exceeded": "bandwidth in",
    "bw_out_allowance_exceeded": "bandwidth out",
    "pps_allowance_exceeded": "packets a second",
    "conntrack_allowance_exceeded": "connections",
}
SAME = ("provider", "type", "zone", "image", "instance", "lifecycle", "placement")
"""What the inventory and the host's own metadata both say."""


def held_back(usage: Usage, seconds: float) -> tuple[float, str] | None:
    """Share and sentence of the packets that a host's card held back; None if it did not.

    seconds: of the window, whose packets are known; what was held back is of the warm-up, too.
    """
    count = sum(usage.allowance.values())
    if not count:
        return None
    kinds = " and ".join(ALLOWANCES.get(name, name) for name in usage.allowance)
    sentence = f"the cloud held back {count:,} packets of {usage.host}: allowance for {kinds}"
    rates = (usage.rx_packets_per_s, usage.tx_packets_per_s)
    packets = sum(rate or 0 for rate in rates) * seconds
    if not packets:
        return 1.0, sentence
    return min(1.0, count / packets), f"{sentence} ({count / packets:.2%} of its packets)"


def above_baseline(usage: Usage, baseline_gbit: float) -> tuple[float, str] | None:
    """How many times its baseline a host used, with a sentence; None if it was not more."""
    rates = {"received": usage.rx_bytes_per_s, "sent": usage.tx_bytes_per_s}
    way, gbit = max(
        ((way, (rate or 0) * 8 / 1e9) for way, rate in rates.items()), key=lambda one: one[1]
    )
    if gbit <= baseline_gbit:
        return None
    sentence = (
        f"{usage.host} {way} {gbit:.2f} Gbit/s, and its baseline is {baseline_gbit:g}: a run long "
        "enough to spend its credits would be slower"
    )
    return gbit / baseline_gbit, sentence


def baselines(hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """The network's baseline by host, Gbit/s, where the inventory says it; hosts: fingerprints."""
    said = {host: (seen.get("cloud") or {}).get("baseline_gbit") for host, seen in hosts.items()}
    return {host: float(gbit) for host, gbit in said.items() if isinstance(gbit, int | float)}


def disagreements(hosts: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """A sentence for each thing that the inventory and the host's own metadata say differently."""
    for host, seen in hosts.items():
        cloud, metadata = seen.get("cloud") or {}, seen.get("metadata") or {}
        for key in SAME:
            said, told = cloud.get(key), metadata.get(key)
            if said and told and said != told:
                yield f"the inventory says {said} for the {key} of {host}, the host itself {told}"
