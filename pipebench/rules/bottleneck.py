"""What bounded the throughput of one measurement, and what disturbed it.

Each candidate (server, generator, network) has a share of its capacity, with a sentence. At NEAR or
above it was the limit; of several the one with the greatest share, of equals the first in the order
here. If a share is not known, no measurement is called `waiting`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import inf, log
from statistics import fmean

from pipebench.measure.measurement import Measurement
from pipebench.measure.usage import Usage
from pipebench.record.schema import Direction
from pipebench.rules import connections
from pipebench.rules.path_capacity import DIRECTIONS, Capacity, PathCapacity

NEAR = 0.9
"""Share of what could be used from which on it counts as used up."""
IDLE = 0.5
"""Share of its CPU below which a host had nothing to do but wait."""
OTHER_CORES = 0.1
"""CPU of other programs, in cores, from which on they are neighbours. A sampler takes 0.03."""
STOLEN_CORES = 0.02
THROTTLED = 0.01
RETRANSMITTED = 0.001
"""Share of the segments that were sent again from which on the path is a lossy one."""
UNSTEADY = 0.7
"""Rate of the slowest quarter of the window by the fastest's below which its mean says little."""
ONE_STEP = 2 / 3
"""So much of that difference (as logarithms) lies between before and after one moment."""


class LimitedBy(StrEnum):
    """What limited a measurement."""

    SERVER = "server"
    GENERATOR = "generator"
    NETWORK = "network"
    WAITING = "waiting"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Load:
    """How near one candidate was to its limit. share None: not known; the sentence says why."""

    limit: LimitedBy
    share: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that disturbed a measurement; size compares it with the same of another round."""

    name: str
    size: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """limited_by, the sentence with its figures, and what disturbed the measurement."""

    limit: LimitedBy
    sentence: str
    disturbances: tuple[Disturbance, ...]


def _cpu(who: str, cores: float, could: int, cpus: int, usage: Usage | None) -> tuple[float, str]:
    """Share and sentence: CPU time against what so many processes or threads can take.

    If they can take every CPU, the kernel's work for their packets takes time of the same CPUs, and
    counts with theirs.
    """
    usable = min(could, cpus)
    of = f"{usable} core{'s' if usable > 1 else ''}"
    share, said = cores / usable, f"{who} used {cores:.2f} of {of}"
    together = _with_kernel(usage, cpus) if usage and could >= cpus else None
    if share >= NEAR or together is None or together < NEAR * cpus:
        return share, said
    return together / cpus, f"{said}, and {together:.2f} with the kernel's work for its packets"


def _with_kernel(usage: Usage, cpus: int) -> float | None:
    """None if it is not known, or if others took more than the share that may be left unused.

    A part of the kernel's work may then be counted twice, and the sum be too large.
    """
    others = usage.other_cores
    return None if others is None or others > (1 - NEAR) * cpus else usage.measured_cores


def server(measurement: Measurement) -> Load:
    """CPU time of the unit against what its workers can take on the CPUs it may use."""
    cores, cpus = measurement.server_cpu_cores, measurement.server_cpus
    if cores is None or not cpus:
        return Load(LimitedBy.SERVER, None, "the CPU time of the server's process is not known")
    who = "the server's process" if measurement.cell.workers == 1 else "the server's processes"
    return Load(
        LimitedBy.SERVER,
        *_cpu(who, cores, measurement.cell.workers, cpus, measurement.server_usage),
    )


def generator(measurement: Measurement) -> Load:
    """CPU time of the wrk that was nearest to what its threads can take on its host's CPUs."""
    loads = []
    for load, usage in zip(measurement.loads, measurement.generator_usages, strict=True):
        if load.cores is None or not load.cpus:
            return Load(
                LimitedBy.GENERATOR, None, f"the CPU time of wrk on {load.host} is not known"
            )
        who = "wrk" if len(measurement.loads) == 1 else f"wrk on {load.host}"
        found = _cpu(who, load.cores, load.threads, load.cpus, usage)
        loads.append(Load(LimitedBy.GENERATOR, *found))
    if not loads:
        return Load(LimitedBy.GENERATOR, None, "the CPU time of wrk is not known")
    return max(loads, key=lambda load: load.share or 0)


def network(measurement: Measurement, path_capacity: PathCapacity | None) -> Load:
    """Bytes and packets of the server's interface against what the path carried before.

    If a host was the limit of that test, the path carries at least that much: a measurement with
    less is far from the limit, one with more shows nothing.
    """
    if path_capacity is None:
        return Load(LimitedBy.NETWORK, None, "what the path carries was not measured")
    usage = measurement.server_usage
    loads = []
    for direction in DIRECTIONS:
        for unit, capacities in (
            ("bytes", path_capacity.bytes),
            ("packets", path_capacity.packets),
        ):
            side = "rx" if direction == "to_server" else "tx"
            seen: float | None = getattr(usage, f"{side}_{unit}_per_s", None)
            capacity = capacities.get(direction)
            where = direction.replace("_", " the ")
            if seen is None:
                said = f"the {unit} {where} are not known"
                return Load(LimitedBy.NETWORK, None, said)
            if capacity is None:
                said = f"how many {unit} the path carries {where} is not known"
                return Load(LimitedBy.NETWORK, None, said)
            loads.append(_carried(unit, direction, seen, capacity))
    unknown = next((load for load in loads if load.share is None), None)
    known = [load for load in loads if load.share is not None]
    most = max(known, key=lambda load: load.share or 0, default=None)
    if unknown and (most is None or (most.share or 0) < NEAR):
        return unknown
    return most or loads[0]


def _carried(unit: str, direction: Direction, seen: float, capacity: Capacity) -> Load:
    share, least = seen / capacity.per_s, "at least " if capacity.at_least else ""
    where = direction.replace("_", " the ")
    if unit == "bytes":
        figures = f"{_bits(seen)} of {least}{_bits(capacity.per_s)}"
    else:
        figures = f"{seen:,.0f} of {least}{capacity.per_s:,.0f} packets/s"
    said = f"the path carried {figures} {where}"
    if capacity.at_least and share >= NEAR:
        said += "; it may carry more than the hosts could send before, so its limit is not known"
        return Load(LimitedBy.NETWORK, None, said)
    return Load(LimitedBy.NETWORK, share, said)


def _bits(bytes_per_s: float) -> str:
    megabits = bytes_per_s * 8 / 1e6
    return f"{megabits / 1e3:.2f} Gbit/s" if megabits >= 1000 else f"{megabits:.1f} Mbit/s"


def neighbours(measurement: Measurement) -> list[Disturbance]:
    """Other programs took CPU of the server or of a generator."""
    found = []
    hosts = [("server", measurement.server_usage)]
    hosts += [("generator", usage) for usage in measurement.generator_usages]
    for kind, usage in hosts:
        if usage and usage.other_cores is not None and usage.other_cores >= OTHER_CORES:
            said = f"a neighbour: other programs used {usage.other_cores:.2f} cores of {usage.host}"
            if usage.waiting_share is not None:
                # of the whole kernel, wrk's many threads among them: a figure, and no sign alone
                said += f" (something waited for a CPU in {usage.waiting_share:.0%} of the time)"
            found.append(Disturbance(f"{kind} neighbour", usage.other_cores, said))
    return found


def stolen(measurement: Measurement) -> list[Disturbance]:
    """The hypervisor took CPU of a host."""
    return [
        Disturbance(
            f"steal on {u.host}", u.steal_cores, f"{u.steal_cores:.2f} cores of {u.host} stolen"
        )
        for u in _usages(measurement)
        if u.steal_cores is not None and u.steal_cores >= STOLEN_CORES
    ]


def throttled(measurement: Measurement) -> list[Disturbance]:
    """A CPU quota held the unit back."""
    usage = measurement.server_usage
    share = usage.throttled_share if usage else None
    if share is None or share < THROTTLED:
        return []
    return [
        Disturbance("throttled", share, f"a CPU quota held the server back {share:.0%} of the time")
    ]


def lossy(measurement: Measurement) -> list[Disturbance]:
    """Segments sent again, connections or packets dropped."""
    found = []
    for usage in _usages(measurement):
        again, sent = usage.retransmits, usage.segments
        if again and sent and again >= RETRANSMITTED * sent:
            said = f"{usage.host} sent {again:.0f} of {sent:.0f} segments again"
            found.append(
                Disturbance(f"retransmits of {usage.host}", again / sent, f"a lossy path: {said}")
            )
        for column, what in (
            ("listen_drops", "new connections"),
            ("softnet_drops", "packets in the kernel"),
            ("nic_drops", "packets at the interface"),
        ):
            count = getattr(usage, column)
            if count:
                said = f"{usage.host} dropped {count:.0f} {what}"
                found.append(Disturbance(f"{column} of {usage.host}", count, said))
    return found


def unsteady(measurement: Measurement) -> list[Disturbance]:
    """The rate changed through the window, so that its mean is that of no moment.

    A remark and no rule: a neighbour on the same machine, which no counter of a guest shows, does
    the same to any server.
    """
    pace, totals, steadiness = measurement.pace, measurement.totals, measurement.steadiness
    if not pace or steadiness is None or totals is None or totals.latency is None:
        return []
    # batches may come all at once: one of each connection more in a quarter, or one less
    lumps = min(1.0, totals.latency.met_us * len(pace) / (totals.duration_s * 1e6))
    if steadiness * (1 + lumps) >= UNSTEADY * (1 - lumps):
        return []
    slowest, fastest = min(pace), max(pace)
    change = log(fastest / slowest) if slowest else inf
    steps = [(fmean(pace[:at]), fmean(pace[at:]), at) for at in range(1, len(pace))]
    before, after, at = max(steps, key=lambda step: max(step[:2]) / max(1e-9, min(step[:2])))
    if min(before, after) == 0 or abs(log(after / before)) >= ONE_STEP * change:
        moved = "fell" if after < before else "rose"
        when = totals.duration_s * at / len(pace)
        said = (
            f"it {moved} from {before:,.0f} to {after:,.0f} requests/s "
            f"about {when:.1f} s into the {totals.duration_s:.1f} s"
        )
    else:
        said = f"its quarters had between {slowest:,.0f} and {fastest:,.0f} requests/s"
    size = fastest / slowest if slowest else inf
    return [Disturbance("unsteady", size, f"the rate was not steady: {said}")]


def uneven(measurement: Measurement) -> list[Disturbance]:
    """Some connections were served much more than others, so that no figure is that of each.

    A remark and no rule: a server that lets in its connections one after the other does so, too.
    """
    share, served = connections.lower_half(measurement), measurement.served
    if share is None or served is None:
        return []
    fewest, median, most = served.responses[0], served.median or 0, served.responses[-1]
    sentence = (
        f"the connections were served unevenly: the less served half of {served.count:,} got "
        f"{share:.0%} of the responses (fewest {fewest:,.0f}, median {median:,.0f}, "
        f"most {most:,.0f})"
    )
    return [Disturbance("uneven", 1 - share, sentence)]


def backwards(measurement: Measurement) -> list[Disturbance]:
    """Counters that cannot be."""
    return [
        Disturbance(f"{column} of {u.host}", 0, f"the counter {column} of {u.host} went backwards")
        for u in _usages(measurement)
        for column in u.backwards
    ]


DISTURBANCE_RULES: tuple[Callable[[Measurement], list[Disturbance]], ...] = (
    neighbours,
    stolen,
    throttled,
    lossy,
    unsteady,
    uneven,
    backwards,
)


def _usages(measurement: Measurement) -> list[Usage]:
    return [usage for usage in (measurement.server_usage, *measurement.generator_usages) if usage]


def waiting(
    measurement: Measurement, loads: list[Load], disturbances: tuple[Disturbance, ...]
) -> bool:
    """Everything is known and idle, whatever others took: too few connections for the latency."""
    busiest = max((load.share or 0) for load in loads if load.limit != LimitedBy.NETWORK)
    if any(load.share is None for load in loads) or busiest >= IDLE:
        return False
    others = measurement.server_usage.other_cores if measurement.server_usage else None
    cores, cpus = measurement.server_cpu_cores, measurement.server_cpus
    if others is None or cores is None or cpus is None:
        return False
    # a neighbour makes nobody wait who wants little of what it leaves
    left = min(measurement.cell.workers, cpus - others)
    return cores < IDLE * left and not any(one.name == "throttled" for one in disturbances)


def candidates(measurement: Measurement, path_capacity: PathCapacity | None = None) -> list[Load]:
    """What may have limited a measurement, each with the share of what there was."""
    return [server(measurement), generator(measurement), network(measurement, path_capacity)]


def bottleneck_of(
    measurement: Measurement, path_capacity: PathCapacity | None = None
) -> Bottleneck:
    """What limited a measurement, with the figures of it."""
    loads = candidates(measurement, path_capacity)
    disturbances = tuple(one for rule in DISTURBANCE_RULES for one in rule(measurement))
    reached = [load for load in loads if load.share is not None and load.share >= NEAR]
    if reached:
        # a share above 1 is measuring error; sorting is stable
        reached.sort(key=lambda load: -round(min(load.share or 0, 1.0), 2))
        first, *also = reached
        said = first.sentence
        if also:
            said += f" (also at its limit: {'; '.join(load.sentence for load in also)})"
        return Bottleneck(first.limit, said, disturbances)
    said = "; ".join(load.sentence for load in loads)
    if waiting(measurement, loads, disturbances):
        count = measurement.cell.connections
        waited = f"the {count} connection{'s' if count > 1 else ''} waited"
        return Bottleneck(LimitedBy.WAITING, f"all were idle while {waited}: {said}", disturbances)
    if any(load.share is None for load in loads):
        return Bottleneck(LimitedBy.UNKNOWN, f"some figures are not known: {said}", disturbances)
    return Bottleneck(LimitedBy.UNKNOWN, f"nothing was at its limit: {said}", disturbances)
