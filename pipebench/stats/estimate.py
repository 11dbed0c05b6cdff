"""Medians over rounds, exact intervals of them, ratios within the round, and what they show."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from math import comb, exp
from statistics import median
from typing import NamedTuple

import numpy as np

CONFIDENCE = 0.95
LEAST_ROUNDS = 6
"""Fewer have no interval of their median, whatever they are."""


class Estimate(NamedTuple):
    """A median over rounds; low and high bound its 95 % interval, None below 6 rounds."""

    median: float
    low: float | None
    high: float | None

    @property
    def holds_1(self) -> bool | None:
        """Whether a ratio may be 1; None where there is no interval."""
        if self.low is None or self.high is None:
            return None
        return self.low <= 1 <= self.high

    @property
    def relative_width(self) -> float | None:
        """The interval's width by the median: what `until_relative_width` bounds."""
        if self.low is None or self.high is None or not self.median:
            return None
        return (self.high - self.low) / self.median


class Relation(StrEnum):
    """What one framework is to another, by a ratio of theirs that is better when it is higher."""

    BETTER = "better"
    TIED = "tied"
    WORSE = "worse"


def interval_ranks(n: int, confidence: float = CONFIDENCE) -> tuple[int, int] | None:
    """Ranks (from 1) of the order statistics that bound the median of n values.

    The narrowest symmetric pair whose coverage is at least the confidence, by the binomial
    distribution alone; None where even the extremes do not cover it.
    """
    ranks = None
    below = 0
    for rank in range(1, n // 2 + 1):
        below += comb(n, rank - 1)
        if 1 - 2 * below / 2**n < confidence:
            break
        ranks = (rank, n + 1 - rank)
    return ranks


def estimate(values: Sequence[float]) -> Estimate | None:
    """Median and interval of one value a round; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    ranks = interval_ranks(len(ordered))
    low, high = (ordered[ranks[0] - 1], ordered[ranks[1] - 1]) if ranks else (None, None)
    return Estimate(median(ordered), low, high)


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
    the confidence, by counting orders alone; None where even the extremes do not cover it.
    """
    most = (1 - confidence) / 2 * comb(m + n, n)
    below = 0
    for u, count in enumerate(arrangements(m, n)):
        below += count
        if below > most:
            return u or None
    return None


def independent_ratio(of: Sequence[float], to: Sequence[float]) -> Estimate | None:
    """The ratio of two samples that share no round, all values above 0; None without values.

    Hodges and Lehmann's estimate: the median (of the logarithms) of all ratios of a value of one
    and one of the other, with the interval that belongs to Mann and Whitney's test; no interval
    where one of them has fewer than LEAST_ROUNDS. Exact where the samples differ by a factor only,
    and their rounds are independent; whatever their distribution is.
    """
    if not of or not to:
        return None
    pairs = np.sort(np.subtract.outer(np.log(of), np.log(to)), axis=None)
    middle = exp(float(np.median(pairs)))
    rank = shift_rank(len(of), len(to)) if min(len(of), len(to)) >= LEAST_ROUNDS else None
    if rank is None:
        return Estimate(middle, None, None)
    return Estimate(middle, exp(float(pairs[rank - 1])), exp(float(pairs[-rank])))


def ratios(of: Mapping[int, float], to: Mapping[int, float]) -> list[float]:
    """The ratio in each round (the keys) that has both."""
    return [of[number] / to[number] for number in sorted(of) if to.get(number)]


def deviation(ratio: float) -> float:
    """How far a ratio is from 1, the same for it and its inverse: 0.25 of 1.25 and of 0.8."""
    return max(ratio, 1 / ratio) - 1


def noise_floor(again: Estimate | None) -> float | None:
    """What one server under two names can show: the bound of its ratio's interval farther from 1.

    Not the median's own deviation, which is small by luck in half of all runs. None: no interval.
    """
    if again is None or not again.low or not again.high:
        return None
    return max(deviation(again.low), deviation(again.high))


def relation(ratio: Estimate | None, floor: float | None) -> Relation | None:
    """Tied where the interval holds 1 or the effect is not above the floor.

    None: no interval or no floor, so nothing can be said.
    """
    if ratio is None or floor is None or ratio.holds_1 is None:
        return None
    if ratio.holds_1 or deviation(ratio.median) <= floor:
        return Relation.TIED
    return Relation.BETTER if ratio.median > 1 else Relation.WORSE


def ranks(values: Mapping[str, Mapping[int, float]], floor: float | None) -> dict[str, int]:
    """The group of each name, from 1. values: by name and round, more is better.

    Walked in the order of the medians: each joins the first group whose best member it is tied
    with, or else begins the next. So rank 1 is what cannot be told from the best, no chain of ties
    joins what differs, and the order of names decides only between equal medians. A name that
    nothing can be said of (too few rounds of its own, or with a best member, or no floor) has none.
    """
    medians = {name: median(of.values()) for name, of in values.items() if interval_ranks(len(of))}
    best: list[str] = []
    groups: dict[str, int] = {}
    if floor is None:
        return groups
    for name in sorted(medians, key=lambda name: (-medians[name], name)):
        for number, other in enumerate(best, start=1):
            found = relation(estimate(ratios(values[name], values[other])), floor)
            if found != Relation.WORSE:
                if found is not None:
                    groups[name] = number
                break
        else:
            best.append(name)
            groups[name] = len(best)
    return groups
