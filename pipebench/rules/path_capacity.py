"""What the path of each testbed carried before anything was measured: results/<run_id>/baseline/.

It is optional: if it cannot be used, a sentence says why, and the capacity is not known.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from msgspec import Struct

from pipebench.record import store
from pipebench.record.columns import Samples, samples_of
from pipebench.record.reading import parse, read
from pipebench.record.schema import (
    NOTHING,
    Direction,
    PathHost,
    PathRecord,
    PathTest,
    RecordError,
)

DIRECTIONS: tuple[Direction, ...] = ("to_server", "from_server")
COUNTERS = {"to_server": "nic_tx", "from_server": "nic_rx"}
"""The generator's own counters of each direction."""

BEST_S = 1.0
"""The best second of a test counts: a test's own start and end are not the path's."""
BUSY = 0.85
"""Share of its CPUs from which on a host, and not the path, held a test back."""
LOST = 0.01
"""Share of the packets from which on a busy sender shows nothing: the path dropped the rest."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What was carried in one direction, per second.

    at_least: a host was the limit of the test, so the path may carry more.
    """

    per_s: float
    at_least: bool


@dataclass(slots=True)
class PathCapacity:
    """One testbed's path. No entry in bytes or packets: not known, for a reason in `problems`.

    bytes: as the interface counts them, with all headers. packets: of 64 bytes, or TCP's own.
    """

    testbed: str
    bytes: dict[Direction, Capacity] = field(default_factory=dict)
    packets: dict[Direction, Capacity] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


class Sum(Struct, frozen=True, kw_only=True):
    """A sum of iperf3's; packets are known of UDP only."""

    seconds: float
    packets: int = 0
    lost_packets: int = 0


class Processors(Struct, frozen=True, kw_only=True):
    """CPU that iperf3 used on either end, in percent of one."""

    host_total: float
    remote_total: float


class End(Struct, frozen=True, kw_only=True):
    """iperf3's own answer. Older versions have one sum for both ends."""

    sum: Sum | None = None
    sum_received: Sum | None = None
    cpu_utilization_percent: Processors


@dataclass(frozen=True, slots=True)
class Host:
    """One end of the path."""

    about: PathHost
    samples: Samples


@dataclass(frozen=True, slots=True)
class Measured:
    """One test that has a result, with its two ends."""

    test: PathTest
    end: End
    generator: Host
    server: Host


def read_path_capacities(folder: Path) -> dict[str, PathCapacity]:
    """Those of a run's folder, by testbed; a run may have none."""
    found = {}
    for path in store.files(folder / store.PATH):
        testbed = store.stem(path)
        try:
            found[testbed] = capacity_of(read(path, PathRecord), testbed)
        except RecordError as error:
            problem = f"{store.PATH}/{path.name} cannot be used: {error}"
            found[testbed] = PathCapacity(testbed, problems=[problem])
    return found


def capacity_of(record: PathRecord, testbed: str) -> PathCapacity:
    """What one record shows. RecordError: it contradicts itself."""
    capacity = PathCapacity(testbed, problems=[record.error] if record.error else [])
    generator, server = (
        Host(host, samples_of(host.samples, name))
        for name, host in (("generator", record.generator), ("server", record.server))
    )
    for number, test in enumerate(record.tests, start=1):
        if test.error or test.end == NOTHING:
            name = f"{test.protocol} {test.direction.replace('_', ' ')}"
            capacity.problems.append(f"{name}: {test.error or 'it has no result'}")
            continue
        end = parse(test.end, End, f"end of test {number}")
        _add(capacity, Measured(test, end, generator, server))
    return capacity


def _add(capacity: PathCapacity, measured: Measured) -> None:
    if measured.test.protocol == "tcp":
        _keep(capacity.bytes, measured, _best(measured, "bytes"))
        _keep(capacity.packets, measured, _best(measured, "packets"))
        return
    received = measured.end.sum_received or measured.end.sum
    if received:
        arrived = received.packets - received.lost_packets
        _keep(capacity.packets, measured, arrived / received.seconds)


def _keep(kept: dict[Direction, Capacity], measured: Measured, per_s: float | None) -> None:
    """The greatest of several tests: what was carried once can be carried."""
    direction = measured.test.direction
    before = kept.get(direction)
    if per_s and (before is None or per_s > before.per_s):
        kept[direction] = Capacity(per_s, held_back_by_a_host(measured))


def _best(measured: Measured, unit: str) -> float | None:
    """The most that the generator's interface counted in a second of this test, per second."""
    test, samples = measured.test, measured.generator.samples
    values = samples.column(f"{COUNTERS[test.direction]}_{unit}")
    if values is None:
        return None
    inside = np.isfinite(values) & (samples.t >= test.started) & (samples.t <= test.ended)
    t, values = samples.t[inside], values[inside]
    if len(t) < 2 or t[-1] - t[0] < BEST_S:
        return None
    begins = t[t <= t[-1] - BEST_S]
    rates = np.interp(begins + BEST_S, t, values) - np.interp(begins, t, values)
    return float(rates.max()) / BEST_S


def held_back_by_a_host(measured: Measured) -> bool:
    """Whether a host had no CPU left for this test.

    A sender that is busy while packets are lost on the way is not a limit: more would not arrive.
    """
    test, used = measured.test, measured.end.cpu_utilization_percent
    hosts = [measured.generator, measured.server]
    percents = [used.host_total, used.remote_total]
    if test.direction == "from_server":
        hosts.reverse()
        percents.reverse()
    threads = [min(test.streams, host.about.cpus or 1) for host in hosts]
    # before 3.16 all streams of iperf3 share one thread
    if not all(_threaded(host.about.version) for host in hosts):
        threads = [1, 1]
    sending, receiving = (
        max(_busy(host.samples, test), percent / 100 / count)
        for host, percent, count in zip(hosts, percents, threads, strict=True)
    )
    received = measured.end.sum_received
    lost = received.lost_packets / max(1, received.packets) if received else 0
    return receiving >= BUSY or (sending >= BUSY and lost < LOST)


def _threaded(version: str | None) -> bool:
    try:
        major, minor = str(version).split(".")[:2]
        return (int(major), int(minor.rstrip("+"))) >= (3, 16)
    except ValueError:
        return False


def _busy(samples: Samples, test: PathTest) -> float:
    """Share of a host's CPUs in use during a test, the kernel's network work included."""
    inside = (samples.t >= test.started) & (samples.t <= test.ended)
    cpus = {name.split("_")[0] for name in samples.names if name.startswith("cpu")}
    if inside.sum() < 2 or not cpus:
        return 0.0
    used = 0.0
    for cpu in cpus:
        for kind in ("busy", "softirq", "steal"):
            counter = samples.column(f"{cpu}_{kind}_us")
            if counter is not None:
                first, *_, last = counter[inside]
                used += float(np.nan_to_num(last - first))
    t = samples.t[inside]
    return used / 1e6 / float(t[-1] - t[0]) / len(cpus)
