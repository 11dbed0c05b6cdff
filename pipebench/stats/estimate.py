"""Medians over rounds, exact intervals of them, and ratios within the round."""

from collections.abc import Mapping, Sequence
from math import comb
from statistics import median
from typing import NamedTuple, Self

CONFIDENCE = 0.95
LEAST_ROUNDS = 6
"""The median of fewer has no interval, whatever the values are."""


class Estimate(NamedTuple):
    """A figure over rounds: its median, and low and high of the 95 % interval of that.

    None: not known. Fewer than LEAST_ROUNDS rounds have no interval.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def holds_1(self) -> bool | None:
        """Whether a ratio may be 1; None without an interval."""
        if self.low is None or self.high is None:
            return None
        return self.low <= 1 <= self.high

    @property
    def relative_width(self) -> float | None:
        """The interval's width / the median, which `until_relative_width` limits."""
        if self.low is None or self.high is None or not self.value:
            return None
        return (self.high - self.low) / self.value

    def rounded(self, decimals: int | None) -> Self:
        """With so many decimals; None: unchanged."""
        if decimals is None:
            return self
        numbers = (None if one is None else round(float(one), decimals) for one in self)
        return type(self)(*numbers)


UNKNOWN = Estimate()


def interval_ranks(n: int, confidence: float = CONFIDENCE) -> tuple[int, int] | None:
    """Ranks (from 1) of the order statistics that bound the median of n values.

    The narrowest symmetric pair whose coverage is at least the confidence, by the binomial
    distribution alone; None if even the extremes have less coverage.
    """
    ranks = None
    below = 0
    for rank in range(1, n // 2 + 1):
        below += comb(n, rank - 1)
        if 1 - 2 * below / 2**n < confidence:
            break
        ranks = (rank, n + 1 - rank)
    return ranks


def estimate(values: Sequence[float]) -> Estimate:
    """Median and interval of one value per round; UNKNOWN without values."""
    if not values:
        return UNKNOWN
    ordered = sorted(values)
    ranks = interval_ranks(len(ordered))
    low, high = (ordered[ranks[0] - 1], ordered[ranks[1] - 1]) if ranks else (None, None)
    return Estimate(median(ordered), low, high)


def ratios(values: Mapping[int, float], base: Mapping[int, float]) -> list[float]:
    """Values / those of the base, in each round (the keys) that has both."""
    return [values[number] / base[number] for number in sorted(values) if base.get(number)]
