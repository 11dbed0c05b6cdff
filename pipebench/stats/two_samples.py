"""The ratio of two samples that share no round, as those of two runs, with its exact interval."""

from collections.abc import Sequence
from functools import cache
from math import comb, exp

import numpy as np

from pipebench.stats.estimate import CONFIDENCE, LEAST_ROUNDS, Estimate


@cache
def arrangements(m: int, n: int) -> list[int]:
    """In how many of the comb(m + n, n) orders of two samples Mann and Whitney's U is 0, ... m n.

    The coefficients of the Gaussian binomial: exact, in integers.
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

    Of the m n differences of a value of one and one of the other, in their order; that of the same
    rank from the end bounds it from above. The narrowest symmetric pair whose coverage is at least
    the confidence, by counting orders alone; None if even the extremes do not cover it.
    """
    most = (1 - confidence) / 2 * comb(m + n, n)
    below = 0
    for u, count in enumerate(arrangements(m, n)):
        below += count
        if below > most:
            return u or None
    return None


def independent_ratio(values: Sequence[float], base: Sequence[float]) -> Estimate | None:
    """The ratio of two samples that share no round, all values above 0; None without values.

    Hodges and Lehmann's estimate: the median (of the logarithms) of all ratios of a value of one
    and one of the other, with the interval that belongs to Mann and Whitney's test; no interval if
    one of them has fewer than LEAST_ROUNDS. It is exact if the samples differ by a factor only and
    their rounds are independent, whatever their distribution is.
    """
    if not values or not base:
        return None
    pairs = np.sort(np.subtract.outer(np.log(values), np.log(base)), axis=None)
    middle = exp(float(np.median(pairs)))
    rank = (
        shift_rank(len(values), len(base)) if min(len(values), len(base)) >= LEAST_ROUNDS else None
    )
    if rank is None:
        return Estimate(middle, None, None)
    return Estimate(middle, exp(float(pairs[rank - 1])), exp(float(pairs[-rank])))
