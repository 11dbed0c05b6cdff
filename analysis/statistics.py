"""Medians over rounds, exact intervals of them, ratios within the round."""

from collections.abc import Mapping, Sequence
from math import comb
from statistics import median
from typing import NamedTuple

CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """A median over rounds; low and high bound its 95 % interval, None below 6 rounds."""

    median: float
    low: float | None
    high: float | None


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


def ratios(of: Mapping[int, float], to: Mapping[int, float]) -> list[float]:
    """The ratio in each round (the keys) that has both."""
    return [of[number] / to[number] for number in sorted(of) if to.get(number)]
