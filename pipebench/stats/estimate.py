"""Medians over rounds, exact intervals of them, and ratios within the round."""

from collections.abc import Mapping, Sequence
from math import comb
from statistics import median
from typing import NamedTuple

CONFIDENCE = 0.95
LEAST_ROUNDS = 6
"""The median of fewer has no interval, whatever the values are."""


class Estimate(NamedTuple):
    """A median over rounds. low, high: its 95 % interval; None below LEAST_ROUNDS."""

    median: float
    low: float | None
    high: float | None

    @property
    def holds_1(self) -> bool | None:
        """Whether a ratio may be 1; None without an interval."""
        if self.low is None or self.high is None:
            return None
        return self.low <= 1 <= self.high

    @property
    def relative_width(self) -> float | None:
        """The interval's width / the median, which `until_relative_width` limits."""
        if self.low is None or self.high is None or not self.median:
            return None
        return (self.high - self.low) / self.median


class Spread(NamedTuple):
    """A value over rounds. low, high: its 95 % interval. None: not known."""

    value: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def excludes_1(self) -> bool:
        """Whether the interval is known and does not hold 1."""
        return self.low is not None and self.high is not None and not self.low <= 1 <= self.high

    def rounded(self, decimals: int | None) -> "Spread":
        """With so many decimals; None: unchanged."""
        if decimals is None:
            return self
        return Spread(*(None if value is None else round(float(value), decimals) for value in self))


NONE = Spread()


def spread(estimated: Estimate | None) -> Spread:
    """An estimate as a row has it; without values if it is None."""
    return Spread(*estimated) if estimated else NONE


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


def estimate(values: Sequence[float]) -> Estimate | None:
    """Median and interval of one value per round; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    ranks = interval_ranks(len(ordered))
    low, high = (ordered[ranks[0] - 1], ordered[ranks[1] - 1]) if ranks else (None, None)
    return Estimate(median(ordered), low, high)


def ratios(values: Mapping[int, float], base: Mapping[int, float]) -> list[float]:
    """Values / those of the base, in each round (the keys) that has both."""
    return [values[number] / base[number] for number in sorted(values) if base.get(number)]
