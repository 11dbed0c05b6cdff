"""The bottleneck of one measurement, and its disturbances.

Each candidate (server, generator, network) has a share of its capacity, with a sentence. At NEAR or
above it was at its limit. The candidate with the greatest share is the bottleneck; if shares are
equal, the first in the order here. If a share is not known, no measurement is called `waiting`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf, log
from statistics import fmean
from typing import NamedTuple

from pipebench.measure.measurement import Measurement
from pipebench.measure.usage import Usage
from pipebench.record.schema import Direction
from pipebench.rules import cloud, connections
from pipebench.rules.memory import memory_growth
from pipebench.rules.path_capacity import DIRECTIONS, Capacity, PathCapacity

NEAR = 0.9
"""Share of a capacity from which on it counts as used up."""
IDLE = 0.5
"""Share of its CPU below which a host mostly waited."""
OTHER_CORES = 0.1
"""CPU of other programs, in cores, from which on they are neighbours. A sampler uses 0.03."""
STOLEN_CORES = 0.02
THROTTLED = 0.01
RETRANSMITTED = 0.001
"""Share of segments that were sent again, from which on a path is lossy."""
UNSTEADY = 0.7
"""Slowest / fastest quarter of the window; below this, the mean rate says little."""
STARTED_APART_S = 0.05
APART = 0.01
"""Share of the window of several generators in which not all of them made load."""
ONE_STEP = 2 / 3
"""Share of that difference (in logarithms) that one moment must explain to be called a step."""


class LimitedBy(StrEnum):
    """The bottleneck of a measurement."""

    SERVER = "server"
    GENERATOR = "generator"
    NETWORK = "network"
    WAITING = "waiting"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible bottleneck, with the used share of its capacity.

    share: None if it is not known; the sentence says why.
    """

    limit: LimitedBy
    share: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What disturbed a measurement. size: to compare it with the same disturbance of another.

    host: whose disturbance it is, if it is that of one host and a measurement may have several.
    """

    name: str
    size: float
    sentence: str
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """limited_by, the sentence with its figures, and the disturbances of the measurement."""

    limit: LimitedBy
    sentence: str
    disturbances: tuple[Disturbance, ...]


def _cpu(
    program: str, cores: float, parallel: int, cpus: int, usage: Usage | None
) -> tuple[float, str]:
    """Share and sentence: CPU time against the CPUs that so many processes or threads can use.

    If they can use every CPU, the kernel's work for their packets uses time of the same CPUs, and
    counts with theirs. parallel: the number of processes or threads.
    """
    usable = min(parallel, cpus)
    sentence = f"{program} used {cores:.2f} of {usable} core{'s' if usable > 1 else ''}"
    share = cores / usable
    together = _with_kernel(usage, cpus) if usage and parallel >= cpus else None
    if share >= NEAR or together is None or together < NEAR * cpus:
        return share, sentence
    return (
        together / cpus,
        f"{sentence}, and {together:.2f} with the kernel's work for its packets",
    )


def _with_kernel(usage: Usage, cpus: int) -> float | None:
    """None if it is not known, or if others used more than the share that may be left unused.

    In that case a part of the kernel's work may be counted twice, so that the sum is too large.
    """
    others = usage.other_cores
    return None if others is None or others > (1 - NEAR) * cpus else usage.measured_cores


def server(measurement: Measurement) -> Candidate:
    """CPU time of the unit against the CPUs that its workers can use."""
    cores, cpus = measurement.server_cpu_cores, measurement.server_cpus
    if cores is None or not cpus:
        return Candidate(
            LimitedBy.SERVER, None, "the CPU time of the server's process is not known"
        )
    workers = measurement.worker_count
    program = "the server's process" if workers == 1 else "the server's processes"
    if not measurement.interrupt_cpus:
        share, sentence = _cpu(program, cores, workers, cpus, measurement.server_usage)
        return Candidate(LimitedBy.SERVER, share, sentence)
    share, sentence = _cpu(program, cores, workers, cpus, None)
    kernel = _kernel_cores(measurement, cores)
    if kernel is None or kernel / measurement.interrupt_cpus <= share:
        return Candidate(LimitedBy.SERVER, share, sentence)
    kept = measurement.interrupt_cpus
    return Candidate(
        LimitedBy.SERVER,
        kernel / kept,
        f"{sentence}, and the kernel's work for its packets {kernel:.2f} of the {kept} "
        f"core{'s' if kept > 1 else ''} kept for interrupts",
    )


def _kernel_cores(measurement: Measurement, cores: float) -> float | None:
    """The kernel's work beside the unit's own CPU time. cores: the unit's."""
    usage = measurement.server_usage
    if usage is None or usage.measured_cores is None:
        return None
    return max(0.0, usage.measured_cores - cores)


def generator(measurement: Measurement) -> Candidate:
    """CPU time of the load tool against the CPUs that its threads can use.

    On the generator that is nearest to that limit.
    """
    generators, tool = [], measurement.tool
    for load, usage in zip(measurement.loads, measurement.generator_usages, strict=True):
        if load.cores is None or not load.cpus:
            return Candidate(
                LimitedBy.GENERATOR, None, f"the CPU time of {tool} on {load.host} is not known"
            )
        program = tool if len(measurement.loads) == 1 else f"{tool} on {load.host}"
        share, sentence = _cpu(program, load.cores, load.threads, load.cpus, usage)
        generators.append(Candidate(LimitedBy.GENERATOR, share, sentence))
    if not generators:
        return Candidate(LimitedBy.GENERATOR, None, f"the CPU time of {tool} is not known")
    return max(generators, key=lambda one: one.share or 0)


def network(measurement: Measurement, path_capacity: PathCapacity | None) -> Candidate:
    """Bytes and packets of the server's interface against the path capacity.

    If a host was the limit while the capacity was measured, the path carries at least that much: a
    measurement with less is far from the limit, one with more shows nothing. Where a cloud holds
    packets back, that is the limit, whatever the path could carry before.
    """
    allowed = [one for one in _held_back(measurement) if one.share >= cloud.HELD_BACK]
    if allowed:
        return Candidate(LimitedBy.NETWORK, 1.0, max(allowed, key=lambda one: one.share).sentence)
    if path_capacity is None:
        return _unknown_network("the path capacity was not measured")
    usage = measurement.server_usage
    shares = []
    for direction in DIRECTIONS:
        for unit, capacities in (
            ("bytes", path_capacity.bytes),
            ("packets", path_capacity.packets),
        ):
            side = "rx" if direction == "to_server" else "tx"
            carried: float | None = getattr(usage, f"{side}_{unit}_per_s", None)
            capacity = capacities.get(direction)
            to_or_from = direction.replace("_", " the ")
            if carried is None:
                return _unknown_network(f"the {unit} {to_or_from} are not known")
            if capacity is None:
                return _unknown_network(
                    f"the capacity of the path for {unit} {to_or_from} is not known"
                )
            shares.append(_carried(unit, direction, carried, capacity))
    unknown = next((one for one in shares if one.share is None), None)
    known = [one for one in shares if one.share is not None]
    greatest = max(known, key=lambda one: one.share or 0, default=None)
    if unknown and (greatest is None or (greatest.share or 0) < NEAR):
        return unknown
    return greatest or shares[0]


def _unknown_network(sentence: str) -> Candidate:
    return Candidate(LimitedBy.NETWORK, None, sentence)


def _carried(unit: str, direction: Direction, carried: float, capacity: Capacity) -> Candidate:
    share, least = carried / capacity.per_s, "at least " if capacity.at_least else ""
    if unit == "bytes":
        figures = f"{_bits(carried)} of {least}{_bits(capacity.per_s)}"
    else:
        figures = f"{carried:,.0f} of {least}{capacity.per_s:,.0f} packets/s"
    sentence = f"the path carried {figures} {direction.replace('_', ' the ')}"
    if capacity.at_least and share >= NEAR:
        return _unknown_network(
            f"{sentence}; it may carry more than the hosts could send in the test of the path "
            "capacity, so its limit is not known"
        )
    return Candidate(LimitedBy.NETWORK, share, sentence)


def _bits(bytes_per_s: float) -> str:
    megabits = bytes_per_s * 8 / 1e6
    return f"{megabits / 1e3:.2f} Gbit/s" if megabits >= 1000 else f"{megabits:.1f} Mbit/s"


CORES_A_WORKER = 1.2
"""More of the server's cores for each worker are not those of one process with one thread."""
WIDER = "more cores than workers"

DisturbanceRule = Callable[[Measurement], list[Disturbance]]
DISTURBANCE_RULES: list[DisturbanceRule] = []
"""In the order of their sentences."""


def disturbance(check: DisturbanceRule) -> DisturbanceRule:
    """Declare the function below as a rule for a disturbance."""
    DISTURBANCE_RULES.append(check)
    return check


@disturbance
def neighbours(measurement: Measurement) -> list[Disturbance]:
    """Other programs used CPU of the server or of a generator."""
    disturbances = []
    hosts = [("server", measurement.server_usage)]
    hosts += [("generator", usage) for usage in measurement.generator_usages]
    for kind, usage in hosts:
        if usage and usage.other_cores is not None and usage.other_cores >= OTHER_CORES:
            sentence = (
                f"a neighbour: other programs used {usage.other_cores:.2f} cores of {usage.host}"
            )
            if usage.waiting_share is not None:
                # of the whole kernel with the load tool's many threads: alone it is not a sign
                waited = f"something waited for a CPU in {usage.waiting_share:.0%} of the time"
                sentence += f" ({waited})"
            disturbances.append(
                Disturbance(f"{kind} neighbour", usage.other_cores, sentence, usage.host)
            )
    return disturbances


@disturbance
def stolen(measurement: Measurement) -> list[Disturbance]:
    """The hypervisor took CPU of a host."""
    return [
        Disturbance("steal", u.steal_cores, f"{u.steal_cores:.2f} cores of {u.host} stolen", u.host)
        for u in _usages(measurement)
        if u.steal_cores is not None and u.steal_cores >= STOLEN_CORES
    ]


@disturbance
def throttled(measurement: Measurement) -> list[Disturbance]:
    """A CPU quota held the unit back."""
    usage = measurement.server_usage
    share = usage.throttled_share if usage else None
    if share is None or share < THROTTLED:
        return []
    return [
        Disturbance("throttled", share, f"a CPU quota held the server back {share:.0%} of the time")
    ]


@disturbance
def lossy(measurement: Measurement) -> list[Disturbance]:
    """Segments were sent again, or connections or packets were dropped."""
    disturbances = []
    for usage in _usages(measurement):
        retransmits, sent = usage.retransmits, usage.segments
        if retransmits and sent and retransmits >= RETRANSMITTED * sent:
            sentence = (
                f"a lossy path: {usage.host} sent {retransmits:.0f} of {sent:.0f} segments again"
            )
            share = retransmits / sent
            disturbances.append(Disturbance("retransmits", share, sentence, usage.host))
        for column, dropped in (
            ("listen_drops", "new connections"),
            ("softnet_drops", "packets in the kernel"),
            ("nic_drops", "packets at the interface"),
        ):
            count = getattr(usage, column)
            if count:
                sentence = f"{usage.host} dropped {count:.0f} {dropped}"
                disturbances.append(Disturbance(column, count, sentence, usage.host))
    return disturbances


class HeldBack(NamedTuple):
    """Packets of one host that its cloud held back, as a share of its packets."""

    host: str
    share: float
    sentence: str


def _held_back(measurement: Measurement) -> list[HeldBack]:
    seconds = measurement.measured_s
    found = [(usage.host, cloud.held_back(usage, seconds)) for usage in _usages(measurement)]
    return [HeldBack(host, *one) for host, one in found if one]


@disturbance
def allowance(measurement: Measurement) -> list[Disturbance]:
    """The cloud held packets back."""
    return [
        Disturbance("allowance", one.share, one.sentence, one.host)
        for one in _held_back(measurement)
    ]


def burst(measurement: Measurement, baselines: Mapping[str, float]) -> list[Disturbance]:
    """A host sent or received more than it may for long. baselines: Gbit/s by host."""
    found = [
        (usage.host, cloud.above_baseline(usage, baselines[usage.host]))
        for usage in _usages(measurement)
        if usage.host in baselines
    ]
    return [Disturbance("burst", *one, host) for host, one in found if one]


@disturbance
def unsteady(measurement: Measurement) -> list[Disturbance]:
    """The rate changed in the window, so that no moment had the mean rate.

    It does not change the outcome: a neighbour on the same machine, which no counter of a guest
    shows, has the same effect on any server.
    """
    pace, totals, steadiness = measurement.pace, measurement.totals, measurement.steadiness
    if not pace or steadiness is None or totals is None or totals.latency is None:
        return []
    # batches may come all at once: a quarter may have one more or one less of each connection
    lumps = min(1.0, totals.latency.weighted_mean_us * len(pace) / (totals.duration_s * 1e6))
    if steadiness * (1 + lumps) >= UNSTEADY * (1 - lumps):
        return []
    slowest, fastest = min(pace), max(pace)
    change = log(fastest / slowest) if slowest else inf
    steps = [(fmean(pace[:at]), fmean(pace[at:]), at) for at in range(1, len(pace))]
    before, after, at = max(steps, key=lambda step: max(step[:2]) / max(1e-9, min(step[:2])))
    if min(before, after) == 0 or abs(log(after / before)) >= ONE_STEP * change:
        moved = "fell" if after < before else "rose"
        when = totals.duration_s * at / len(pace)
        change_text = (
            f"it {moved} from {before:,.0f} to {after:,.0f} requests/s "
            f"about {when:.1f} s into the {totals.duration_s:.1f} s"
        )
    else:
        change_text = f"its quarters had between {slowest:,.0f} and {fastest:,.0f} requests/s"
    size = fastest / slowest if slowest else inf
    return [Disturbance("unsteady", size, f"the rate was not steady: {change_text}")]


@disturbance
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


@disturbance
def growing(measurement: Measurement) -> list[Disturbance]:
    """Memory that grew all the time: a leak, or a heap that was not collected yet."""
    grown = memory_growth(measurement)
    if grown is None or not measurement.memory_bytes:
        return []
    size = measurement.memory_bytes[-1] - measurement.memory_bytes[0]
    return [Disturbance("growing memory", size, grown)]


@disturbance
def wider_than_workers(measurement: Measurement) -> list[Disturbance]:
    """A server that uses more cores than it has workers is not compared with those of one core."""
    cores = measurement.server_cpu_cores
    if cores is None or cores <= CORES_A_WORKER * measurement.worker_count:
        return []
    workers = f"{measurement.worker_count} worker{'s' if measurement.worker_count > 1 else ''}"
    sentence = f"it used {cores:.2f} cores with {workers}, so it has no rank"
    return [Disturbance(WIDER, cores / measurement.worker_count, sentence)]


@disturbance
def apart(measurement: Measurement) -> list[Disturbance]:
    """Several load generators must make their load at the same time: rates are added."""
    spread, share = measurement.start_spread_s, measurement.apart_share
    disturbances = []
    if spread is not None and spread > STARTED_APART_S:
        sentence = f"the load generators began {spread * 1000:.0f} ms apart"
        disturbances.append(Disturbance("started apart", spread, sentence))
    if share is not None and share > APART:
        sentence = f"in {share:.1%} of the window not every load generator made load"
        disturbances.append(Disturbance("windows apart", share, sentence))
    return disturbances


@disturbance
def backwards(measurement: Measurement) -> list[Disturbance]:
    """Counters that went backwards, so that their figures are not known."""
    return [
        Disturbance(
            f"{column} backwards", 0, f"the counter {column} of {u.host} went backwards", u.host
        )
        for u in _usages(measurement)
        for column in u.backwards
    ]


def _usages(measurement: Measurement) -> list[Usage]:
    return [usage for usage in (measurement.server_usage, *measurement.generator_usages) if usage]


def waiting(
    measurement: Measurement, shares: list[Candidate], disturbances: tuple[Disturbance, ...]
) -> bool:
    """All is known and idle, whatever others used: too few connections for the latency."""
    busiest = max((one.share or 0) for one in shares if one.limit != LimitedBy.NETWORK)
    if any(one.share is None for one in shares) or busiest >= IDLE:
        return False
    others = measurement.server_usage.other_cores if measurement.server_usage else None
    cores, cpus = measurement.server_cpu_cores, measurement.server_cpus
    if others is None or cores is None or cpus is None:
        return False
    # a server that uses little of the CPU that a neighbour leaves does not wait for it
    left = min(measurement.worker_count, cpus - others)
    return cores < IDLE * left and not any(one.name == "throttled" for one in disturbances)


def candidates(
    measurement: Measurement, path_capacity: PathCapacity | None = None
) -> list[Candidate]:
    """The possible bottlenecks of a measurement."""
    return [server(measurement), generator(measurement), network(measurement, path_capacity)]


def bottleneck_of(
    measurement: Measurement,
    path_capacity: PathCapacity | None = None,
    baselines: Mapping[str, float] | None = None,
) -> Bottleneck:
    """The bottleneck of a measurement, and its disturbances. baselines: Gbit/s by rented host."""
    shares = candidates(measurement, path_capacity)
    disturbances = tuple(one for rule in DISTURBANCE_RULES for one in rule(measurement))
    disturbances += tuple(burst(measurement, baselines or {}))
    reached = [one for one in shares if one.share is not None and one.share >= NEAR]
    if reached:
        # a share above 1 is a measuring error; sorting is stable
        reached.sort(key=lambda one: -round(min(one.share or 0, 1.0), 2))
        first, *also = reached
        sentence = first.sentence
        if also:
            sentence += f" (also at its limit: {'; '.join(one.sentence for one in also)})"
        return Bottleneck(first.limit, sentence, disturbances)
    sentence = "; ".join(one.sentence for one in shares)
    if waiting(measurement, shares, disturbances):
        count = measurement.cell.connections
        waited = f"the {count} connection{'s' if count > 1 else ''} waited"
        limit, state = LimitedBy.WAITING, f"all were idle while {waited}"
    elif any(one.share is None for one in shares):
        limit, state = LimitedBy.UNKNOWN, "some figures are not known"
    else:
        limit, state = LimitedBy.UNKNOWN, "nothing was at its limit"
    return Bottleneck(limit, f"{state}: {sentence}", disturbances)
