"""Percentiles of latencies, as a load tool recorded them."""

from dataclasses import dataclass

import numpy as np

from pipebench.record.columns import Histogram

TAILS_PPM = (
    *(mantissa * 10**power for power in (4, 3, 2, 1) for mantissa in (100, 70, 50, 30, 20, 15)),
    100,
)
"""The quantiles of a curve, by the share of batches above them in millionths: p0 to p99.99."""

PERCENTS = (50, 75, 90, 99)


@dataclass(frozen=True, slots=True)
class Latency:
    """Latencies of one measurement, in us: of batches, or of requests if the tool times these.

    Nearest rank: each percentile is a recorded value. weighted_mean_us: the mean weighted by
    length, which is the mean length of the batch that a connection is in at a random moment.
    curve: the values at the first of TAILS_PPM; it ends before the first quantile that has less
    than one complete batch above it.
    """

    batches: int
    total_us: int
    mean_us: float
    weighted_mean_us: float
    p50_us: int
    p75_us: int
    p90_us: int
    p99_us: int
    max_us: int
    curve: tuple[int, ...]


def summarise(histograms: list[Histogram]) -> Latency | None:
    """Percentiles over one or more histograms (one per generator); None if they are empty."""
    if not any(len(values) for values, _ in histograms):
        return None
    values, counts = _merged(histograms)
    cumulative = counts.cumsum()
    batches = int(cumulative[-1])
    tails = [tail * batches // 1_000_000 for tail in TAILS_PPM if tail * batches >= 1_000_000]
    ranks = [
        # integers: 99 % of 100 is the 99th, not the 100th by a rounding error
        *(-(-percent * batches // 100) for percent in PERCENTS),
        *(max(1, batches - tail) for tail in tails),
    ]
    p50, p75, p90, p99, *curve = values[cumulative.searchsorted(ranks)].tolist()
    total = int(values @ counts)
    floats = values.astype(np.float64)
    squares = float(floats * floats @ counts)
    return Latency(
        batches=batches,
        total_us=total,
        mean_us=total / batches,
        weighted_mean_us=squares / total if total else 0.0,
        p50_us=p50,
        p75_us=p75,
        p90_us=p90,
        p99_us=p99,
        max_us=int(values[-1]),
        curve=tuple(curve),
    )


def _merged(histograms: list[Histogram]) -> Histogram:
    if len(histograms) == 1:
        return histograms[0]
    values, counts = (np.concatenate(columns) for columns in zip(*histograms, strict=True))
    order = np.argsort(values, kind="stable")
    return values[order], counts[order]
