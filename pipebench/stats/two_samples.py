"""The ratio of two samples that share no round (of two runs), with its exact interval."""

from collections.abc import Sequence
from functools import cache
from math import comb, exp

import numpy as np

from pipebench.stats.estimate import CONFIDENCE, LEAST_ROUNDS, UNKNOWN, Estimate


@cache
def arrangements(m: int, n: int) -> list[int]:
    """For each U of Mann and Whitney (0, ... m n), how many of the orders of two samples have it.

    There are comb(m + n, n) orders. The counts are the coefficients of the Gaussian binomial, in
    exact integers.
    """
    counts = [1] + [0] * (m * n)
    for i in range(1, n + 1):
        for u in range(m * n, m + i - 1, -1):  # times 1 - q^(m + i)
            counts[u] -= counts[u - m - i]
        for u in range(i, m * n + 1):  # by 1 - q^i
            counts[u] += counts[u - i]
    return counts


def shift_rank(m: int, n: int, confidence: float = CONFIDENCE) -> int | None:
    """Rank (from 1) of the order statistic that bounds a shift between two samples from below.

    It ranks the m n sorted differences of a value of one and one of the other; the same rank from
    the end bounds the shift from above. The narrowest symmetric pair whose coverage is at least the
    confidence, by counting orders alone; None if even the extremes have less coverage.
    """
    most = (1 - confidence) / 2 * comb(m + n, n)
    below = 0
    for u, count in enumerate(arrangements(m, n)):
        below += count
        if below > most:
            return u or None
    return None


def independent_ratio(values: Sequence[float], base: Sequence[float]) -> Estimate:
    """The ratio of two samples that share no round, all values above 0; UNKNOWN without values.

    As rank_interval has it; without an interval if one sample has fewer than LEAST_ROUNDS.
    """
    if not values or not base:
        return UNKNOWN
    ratio = rank_interval(values, base)
    return ratio if min(len(values), len(base)) >= LEAST_ROUNDS else Estimate(ratio.value)


def rank_interval(values: Sequence[float], base: Sequence[float]) -> Estimate:
    """The ratio of two independent samples, which have values, all above 0.

    Hodges and Lehmann's estimate: the median (of the logarithms) of all ratios of a value of one
    and one of the other, with the interval of Mann and Whitney's test; without an interval if the
    samples are too small for it. It is exact, for any distribution, if the samples differ only by
    a factor and their values are independent.
    """
    pairs = np.sort(np.subtract.outer(np.log(values), np.log(base)), axis=None)
    middle = exp(float(np.median(pairs)))
    rank = shift_rank(len(values), len(base))
    if rank is None:
        return Estimate(middle)
    return Estimate(middle, exp(float(pairs[rank - 1])), exp(float(pairs[-rank])))
