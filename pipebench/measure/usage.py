"""What a host had to do in the measured window, from its samples; None is "not known"."""

from dataclasses import dataclass
from functools import cache

from pipebench.measure.window import MARGIN_S, WindowError, increases
from pipebench.record.columns import Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One host. Cores are CPU seconds per second on the CPUs that it may use."""

    host: str
    busy_cores: float | None
    """CPU in programs and their system calls, whosever."""
    other_cores: float | None
    """CPU that programs took besides the one that was measured (its sampler is among them)."""
    softirq_cores: float | None
    """The kernel's own work, most of it the network's: part of the measurement."""
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

    def cores(kind: str) -> float | None:
        growths = [grown(name) for name in _of_each_cpu(kind, samples.names)]
        known = [growth for growth in growths if growth is not None]
        # what is not flat at the ends of the window is counted in its margins, too
        whole = (seconds + 2 * MARGIN_S) * 1e6
        return sum(known) / whole if known and len(known) == len(growths) else None

    busy = cores("busy")
    own = None if own_cpu_us is None else own_cpu_us / ((seconds + 2 * MARGIN_S) * 1e6)
    waiting, throttled = rate("psi_cpu_us"), rate("unit_throttled_us")
    return Usage(
        host=host,
        busy_cores=busy,
        other_cores=None if busy is None or own is None else max(0.0, busy - own),
        softirq_cores=cores("softirq"),
        steal_cores=cores("steal"),
        waiting_share=None if waiting is None else waiting / 1e6,
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
