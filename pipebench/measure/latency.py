"""Batch latency: wrk's correction undone, then percentiles of what wrk really recorded."""

from dataclasses import dataclass

import numpy as np

from pipebench.record.schema import Integers, WrkResult

TAILS_PPM = (
    *(mantissa * 10**power for power in (4, 3, 2, 1) for mantissa in (100, 70, 50, 30, 20, 15)),
    100,
)
"""The quantiles of a curve, by the share of batches above them in millionths: p0 to p99.99."""


class LatencyError(Exception):
    """The histogram cannot be wrk's; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Batch latencies of one measurement, in us. Nearest rank: each percentile was recorded.

    met_us: the mean length of the batch that a connection is in at any moment, which long batches
    are more often than short ones: the mean weighted by length.
    curve: at the first of TAILS_PPM, as far as there are batches to show them: a quantile that
    has less than one whole batch above it is not in it.
    """

    batches: int
    total_us: int
    mean_us: float
    met_us: float
    p50_us: int
    p75_us: int
    p90_us: int
    p99_us: int
    max_us: int
    curve: tuple[int, ...]


def correction_interval(duration_us: int, requests: int, connections: int) -> int | None:
    """What wrk expected between two samples of a connection, in us, by its integer arithmetic.

    None: wrk corrected nothing, having answered fewer requests than it had connections.
    """
    per_connection = requests // connections
    return duration_us // per_connection if per_connection else None


def recover(result: WrkResult, connections: int) -> tuple[Integers, Integers]:
    """Undo wrk's correction for coordinated omission (stats_correct() in wrk's stats.c).

    connections: as given to wrk by -c. Returns values (us, increasing) and counts (all > 0), one
    batch a count.

    wrk adds to every n > E (E: the interval) the recorded counts of n + E, n + 2 E, ...; so the
    corrected count of n + E already is that sum, and the recorded count of n is the difference
    of the two. That equals method's walk from the largest value down, in one step.
    Counts below wrk's own minimum are phantoms; only a complete histogram has them at all.

    LatencyError: a recovered count is negative, or one below the minimum is not 0.
    """
    values, counts = result.values, result.counts
    interval = correction_interval(result.duration_us, result.requests, connections)
    if not len(values) or interval is None:
        return values[counts > 0], counts[counts > 0]
    if interval == 0:
        raise LatencyError("wrk's correction cannot be undone: its interval is 0 us")
    minimum = int(values[0]) if result.min_us is None else result.min_us

    targets = values - interval
    adds = (targets > interval) & (counts > 0)
    if not result.complete:
        adds &= targets >= minimum
    targets, phantoms = targets[adds], counts[adds]
    places = np.searchsorted(values, targets)
    missing = values[places] != targets
    if missing.any():
        raise LatencyError(
            "wrk's correction cannot be undone: "
            f"{-int(phantoms[missing][0])} batches would be left at {int(targets[missing][0])} us"
        )
    recorded = counts.copy()
    recorded[places] -= phantoms
    if (recorded < 0).any():
        worst = int(np.argmin(recorded))
        raise LatencyError(
            "wrk's correction cannot be undone: "
            f"{int(recorded[worst])} batches would be left at {int(values[worst])} us"
        )
    if recorded[values < minimum].any():
        raise LatencyError(
            "wrk's correction cannot be undone: batches would be left "
            f"below the smallest that wrk saw, {minimum} us"
        )
    seen = recorded > 0
    return values[seen], recorded[seen]


def summarise(histograms: list[tuple[Integers, Integers]]) -> Latency | None:
    """Percentiles over one or more recovered histograms (one a generator); None without a batch."""
    values = np.concatenate([values for values, _ in histograms] or [np.empty(0, np.int64)])
    counts = np.concatenate([counts for _, counts in histograms] or [np.empty(0, np.int64)])
    if len(histograms) > 1:
        order = np.argsort(values, kind="stable")
        values, counts = values[order], counts[order]
    if not len(values):
        return None
    cumulative = np.cumsum(counts)
    batches = int(cumulative[-1])
    total = int(np.dot(values, counts))
    p50, p75, p90, p99 = (
        # integers: 99 % of 100 is the 99th, not the 100th by a rounding error
        int(values[np.searchsorted(cumulative, -(-percent * batches // 100))])
        for percent in (50, 75, 90, 99)
    )
    squares = float(np.dot(np.square(values, dtype=np.float64), counts))
    return Latency(
        batches=batches,
        total_us=total,
        mean_us=total / batches,
        met_us=squares / total if total else 0.0,
        p50_us=p50,
        p75_us=p75,
        p90_us=p90,
        p99_us=p99,
        max_us=int(values[-1]),
        curve=_curve(values, cumulative),
    )


def _curve(values: Integers, cumulative: Integers) -> tuple[int, ...]:
    batches = int(cumulative[-1])
    above = [tail * batches // 1_000_000 for tail in TAILS_PPM if tail * batches >= 1_000_000]
    ranks = [max(1, batches - count) for count in above]
    return tuple(values[np.searchsorted(cumulative, ranks)].tolist())
