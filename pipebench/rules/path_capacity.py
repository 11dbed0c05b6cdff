"""The path capacity of each testbed, measured once a run: results/<run_id>/baseline/.

Its record is optional: if it cannot be used, a sentence says why, and the capacity is not known.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from pipebench.record import store
from pipebench.record.columns import Samples, samples_of
from pipebench.record.reading import one_document, parse, read
from pipebench.record.schema import (
    NOTHING,
    Direction,
    PathHost,
    PathRecord,
    PathTest,
    RecordError,
)
from pipebench.record.values import line, worded

DIRECTIONS: tuple[Direction, ...] = ("to_server", "from_server")
COUNTERS = {"to_server": "nic_tx", "from_server": "nic_rx"}
"""The generator's own counters of each direction."""

BEST_S = 1.0
"""The best second of a test counts: at its start and end, a test does not fill the path."""
BUSY = 0.85
"""Share of its CPUs from which on a host, and not the path, limited a test."""
LOST = 0.01
"""Share of lost packets from which on a busy sender was not the limit: the path dropped them."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """The capacity in one direction, per second.

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
    """A sum of iperf3; only UDP has packets."""

    seconds: Annotated[float, Meta(gt=0)]
    packets: int = 0
    lost_packets: int = 0


class Processors(Struct, frozen=True, kw_only=True):
    """CPU that iperf3 used on either end, in percent of one CPU."""

    host_total: float
    remote_total: float


class End(Struct, frozen=True, kw_only=True):
    """iperf3's own result. Older versions have one sum for both ends."""

    sum: Sum | None = None
    sum_received: Sum | None = None
    cpu_utilization_percent: Processors


@dataclass(frozen=True, slots=True)
class PathEnd:
    """A host at one end of the path."""

    host: PathHost
    samples: Samples


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test that has a result, with the two ends of the path."""

    test: PathTest
    end: End
    generator: PathEnd
    server: PathEnd


def read_path_capacities(folder: Path) -> dict[str, PathCapacity]:
    """The path capacities in a run's folder, by testbed; a run may have none."""
    capacities = {}
    for file in store.files(folder, store.PATH):
        testbed = line(store.stem(file))
        try:
            with one_document():
                capacities[testbed] = capacity_of(worded(read(folder, file, PathRecord)), testbed)
        except RecordError as error:
            problem = line(f"{file} cannot be used: {error}")
            capacities[testbed] = PathCapacity(testbed, problems=[problem])
    return capacities


def of_several(capacity: PathCapacity) -> PathCapacity:
    """The same for several generators: what one of them could do is the least of the path."""
    return replace(
        capacity,
        bytes={way: Capacity(one.per_s, at_least=True) for way, one in capacity.bytes.items()},
        packets={way: Capacity(one.per_s, at_least=True) for way, one in capacity.packets.items()},
    )


def capacity_of(record: PathRecord, testbed: str) -> PathCapacity:
    """The capacity from one record. RecordError: the record contradicts itself."""
    capacity = PathCapacity(testbed, problems=[record.error] if record.error else [])
    generator, server = (
        PathEnd(host, samples_of(host.samples, name))
        for name, host in (("generator", record.generator), ("server", record.server))
    )
    for number, test in enumerate(record.tests, start=1):
        if test.error or test.end == NOTHING:
            name = f"{test.protocol} {test.direction.replace('_', ' ')}"
            capacity.problems.append(f"{name}: {test.error or 'it has no result'}")
            continue
        end = parse(test.end, End, f"end of test {number}")
        _add(capacity, TestResult(test, end, generator, server))
    return capacity


def _add(capacity: PathCapacity, result: TestResult) -> None:
    if result.test.protocol == "tcp":
        _keep_greatest(capacity.bytes, result, _best(result, "bytes"))
        _keep_greatest(capacity.packets, result, _best(result, "packets"))
        return
    received = result.end.sum_received or result.end.sum
    if received:
        arrived = received.packets - received.lost_packets
        _keep_greatest(capacity.packets, result, arrived / received.seconds)


def _keep_greatest(
    capacities: dict[Direction, Capacity], result: TestResult, per_s: float | None
) -> None:
    """The greatest of several tests counts: the path can carry what it carried once."""
    direction = result.test.direction
    greatest = capacities.get(direction)
    if per_s and (greatest is None or per_s > greatest.per_s):
        capacities[direction] = Capacity(per_s, limited_by_a_host(result))


def _best(result: TestResult, unit: str) -> float | None:
    """The greatest rate of the generator's interface in any second of this test, per second."""
    test, samples = result.test, result.generator.samples
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


def limited_by_a_host(result: TestResult) -> bool:
    """Whether a host had no CPU left for this test.

    A sender that is busy while packets are lost on the path is not the limit: more packets would
    be lost, too.
    """
    test, used = result.test, result.end.cpu_utilization_percent
    hosts = [result.generator, result.server]
    percents = [used.host_total, used.remote_total]
    if test.direction == "from_server":
        hosts.reverse()
        percents.reverse()
    threads = [min(test.streams, end.host.cpus or 1) for end in hosts]
    # before 3.16 all streams of iperf3 share one thread
    if not all(_threaded(end.host.version) for end in hosts):
        threads = [1, 1]
    sending, receiving = (
        max(_busy(end.samples, test), percent / 100 / count)
        for end, percent, count in zip(hosts, percents, threads, strict=True)
    )
    received = result.end.sum_received
    lost = received.lost_packets / max(1, received.packets) if received else 0
    return receiving >= BUSY or (sending >= BUSY and lost < LOST)


def _threaded(version: str | None) -> bool:
    try:
        major, minor = str(version).split(".")[:2]
        return (int(major), int(minor.rstrip("+"))) >= (3, 16)
    except ValueError:
        return False


def _busy(samples: Samples, test: PathTest) -> float:
    """Used share of a host's CPUs during a test, with the kernel's network work."""
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
    seconds = float(t[-1] - t[0])
    return used / 1e6 / seconds / len(cpus) if seconds > 0 else 0.0
