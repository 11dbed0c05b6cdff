"""The load of a host in the measured window, from its samples; None is "not known"."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pipebench.measure.window import MARGIN_S, WindowError, increases
from pipebench.record.columns import Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One host. Cores are CPU seconds per second on the CPUs that it may use."""

    host: str
    measured_cores: float | None
    """CPU of the measured program and of the kernel's own work, most of which is for its packets.

    One sum, because a kernel without CONFIG_IRQ_TIME_ACCOUNTING counts a part of its work as time
    of the program that it interrupts."""
    other_cores: float | None
    """CPU of all programs except the measured one; the sampler is one of them.

    A lower bound: the kernel's work that counts as time of the measured program is subtracted."""
    steal_cores: float | None
    waiting_share: float | None
    """Share of the time in which some program of the whole kernel waited for a CPU (PSI)."""
    throttled_share: float | None
    rx_bytes_per_s: float | None
    tx_bytes_per_s: float | None
    rx_packets_per_s: float | None
    tx_packets_per_s: float | None
    segments: float | None
    retransmits: float | None
    listen_drops: float | None
    softnet_drops: float | None
    nic_drops: float | None
    allowance: Mapping[str, int]
    """Packets that a cloud's network card held back during the load, by the allowance used up."""
    backwards: tuple[str, ...]
    """Counters that went backwards, or too fast, so that their figures are not known."""


@cache
def _of_each_cpu(kind: str, columns: tuple[str, ...]) -> list[str]:
    return [name for name in columns if name.startswith("cpu") and name.endswith(f"_{kind}_us")]


def usage_of(
    host: str,
    samples: Samples,
    program_cpu_us: float | None,
    moments: tuple[float, float],
    allowance: Mapping[str, int] | None = None,
) -> Usage:
    """A host between two moments; program_cpu_us: CPU time of the measured program."""
    started, ended = moments
    seconds = ended - started
    increase_of = increases(samples, started, ended)
    backwards: list[str] = []

    def grown(column: str) -> float | None:
        growth = increase_of.get(column)
        if isinstance(growth, WindowError):
            # some hypervisors correct steal downwards: only this figure is not known then
            backwards.append(column)
            return None
        return growth

    def rate(column: str) -> float | None:
        growth = grown(column)
        return None if growth is None or seconds <= 0 else growth / seconds

    def cpu_us(kind: str) -> float | None:
        growths = [grown(name) for name in _of_each_cpu(kind, samples.names)]
        known = [growth for growth in growths if growth is not None]
        return sum(known) if known and len(known) == len(growths) else None

    # Counters are read at the window's margins, in which there is no load: its CPU time is that of
    # the window alone. Everything else also runs in the margins.
    load_us, whole_us = seconds * 1e6, (seconds + 2 * MARGIN_S) * 1e6
    busy, softirq, steal = cpu_us("busy"), cpu_us("softirq"), cpu_us("steal")
    measured = other = None
    if busy is not None and program_cpu_us is not None:
        other = max(0.0, busy - program_cpu_us) / whole_us
        if softirq is not None and seconds > 0:
            measured = (min(busy, program_cpu_us) + softirq) / load_us
    waiting, throttled = grown("psi_cpu_us"), rate("unit_throttled_us")
    return Usage(
        host=host,
        measured_cores=measured,
        other_cores=other,
        steal_cores=None if steal is None else steal / whole_us,
        waiting_share=None if waiting is None else waiting / whole_us,
        throttled_share=None if throttled is None else throttled / 1e6,
        rx_bytes_per_s=rate("nic_rx_bytes"),
        tx_bytes_per_s=rate("nic_tx_bytes"),
        rx_packets_per_s=rate("nic_rx_packets"),
        tx_packets_per_s=rate("nic_tx_packets"),
        segments=grown("tcp_out_segments"),
        retransmits=grown("tcp_retransmits"),
        listen_drops=grown("tcp_listen_drops"),
        softnet_drops=grown("softnet_drops"),
        nic_drops=grown("nic_drops"),
        allowance={name: count for name, count in (allowance or {}).items() if count},
        backwards=tuple(backwards),
    )
