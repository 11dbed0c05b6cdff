"""What a host had to do in the measured window, from its samples; None is "not known"."""

from dataclasses import dataclass
from functools import cache

from pipebench.measure.window import MARGIN_S, WindowError, increases
from pipebench.record.columns import Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One host. Cores are CPU seconds per second on the CPUs that it may use."""

    host: str
    measured_cores: float | None
    """CPU of the measured program, and of the kernel's own work, most of it for its packets.

    One sum: a kernel without CONFIG_IRQ_TIME_ACCOUNTING counts a part of its work in whichever
    program it interrupts, and the rest nowhere else."""
    other_cores: float | None
    """CPU that programs took besides the one that was measured (its sampler is among them).

    At the least: what the kernel's work counted in the measured program is taken off it."""
    steal_cores: float | None
    waiting_share: float | None
    """Share of the time in which some program waited for a CPU (PSI), of the whole kernel."""
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
    backwards: tuple[str, ...]
    """Counters that did what no counter does, and are not known for it."""


@cache
def _of_each_cpu(kind: str, columns: tuple[str, ...]) -> list[str]:
    return [name for name in columns if name.startswith("cpu") and name.endswith(f"_{kind}_us")]


def usage_of(
    host: str, samples: Samples, own_cpu_us: float | None, started: float, ended: float
) -> Usage:
    """A host between two moments; own_cpu_us: what the measured program took of its CPUs."""
    seconds = ended - started
    grew = increases(samples, started, ended)
    backwards: list[str] = []

    def grown(column: str) -> float | None:
        growth = grew.get(column)
        if isinstance(growth, WindowError):
            # some hypervisors take steal back: a reason not to know it, none to drop the record
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

    # Counters are read at the window's margins. The load is still there, and its CPU time is that
    # of the window alone; what goes on all the time is that of the margins, too.
    load_us, whole_us = seconds * 1e6, (seconds + 2 * MARGIN_S) * 1e6
    busy, softirq, steal, own = cpu_us("busy"), cpu_us("softirq"), cpu_us("steal"), own_cpu_us
    measured = None
    if busy is not None and softirq is not None and own is not None and seconds > 0:
        measured = (min(busy, own) + softirq) / load_us
    waiting, throttled = grown("psi_cpu_us"), rate("unit_throttled_us")
    return Usage(
        host=host,
        measured_cores=measured,
        other_cores=None if busy is None or own is None else max(0.0, busy - own) / whole_us,
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
        backwards=tuple(backwards),
    )
