"""The ratio of two kinds of machines, from one value of each of their instances.

The instance is the sample: instances of one kind differ by more than the rounds of one of them, so
an interval made of rounds says nothing about the kind. docs/method.md has the simulation.
"""

import math
from collections.abc import Sequence
from enum import StrEnum
from statistics import fmean, median, variance
from typing import NamedTuple

from pipebench.stats.estimate import CONFIDENCE, Estimate
from pipebench.stats.two_samples import rank_interval, shift_rank

LEAST_INSTANCES = 3
"""Of fewer, one odd machine would be half of what is known of its kind."""


class Basis(StrEnum):
    """What an interval between two kinds of machines rests on."""

    RANKS = "ranks of the instances"
    """Exact for any distribution."""
    NORMAL = "normal spread of the instances"
    """Welch's: the logarithms are taken to be normal."""
    ROUNDS = "rounds of two machines"
    """It says nothing about other machines of these kinds."""
    FEW_ROUNDS = "too few rounds"
    NO_FLOOR = "no noise floor"
    """The interval is that of the rounds, and nothing says how far one machine is from itself."""
    NONE = "too few instances"


class MachineRatio(NamedTuple):
    """The ratio of one kind to another; it has no bounds if something is too few."""

    ratio: Estimate
    basis: Basis


def machine_ratio(values: Sequence[float], base: Sequence[float]) -> MachineRatio:
    """The ratio of two kinds of machines. values, base: one of each instance, above 0.

    With enough instances for a rank interval (4 of each, or 3 and 5) by ranks; with 3 of each by
    Welch's interval of the logarithms; with fewer the ratio of the medians alone.
    """
    fewest = min(len(values), len(base))
    if fewest == 0:
        return MachineRatio(Estimate(), Basis.NONE)
    if fewest < LEAST_INSTANCES:
        return MachineRatio(Estimate(median(values) / median(base)), Basis.NONE)
    if shift_rank(len(values), len(base)) is None:
        return MachineRatio(_welch(values, base), Basis.NORMAL)
    return MachineRatio(rank_interval(values, base), Basis.RANKS)


def _welch(values: Sequence[float], base: Sequence[float]) -> Estimate:
    """The ratio of the geometric means, with Welch's interval."""
    logs = [[math.log(value) for value in sample] for sample in (values, base)]
    difference = fmean(logs[0]) - fmean(logs[1])
    squares = [variance(sample) / len(sample) for sample in logs]
    error = sum(squares)
    if error == 0:
        return Estimate(*[math.exp(difference)] * 3)
    freedom = error**2 / sum(
        square**2 / (len(sample) - 1) for square, sample in zip(squares, logs, strict=True)
    )
    margin = student_t(freedom) * math.sqrt(error)
    return Estimate(*map(math.exp, (difference, difference - margin, difference + margin)))


def student_t(freedom: float, confidence: float = CONFIDENCE) -> float:
    """How many standard errors around a mean hold the confidence, by Student's distribution.

    freedom: degrees of freedom, at least 1; need not be whole.
    """
    low, high = 0.0, 1e3
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < confidence else (low, middle)
    return high


def _within(t: float, freedom: float) -> float:
    """The probability of -t to t. With tan(angle) = t / sqrt(freedom) the density is a power of a
    cosine, which Simpson's rule integrates to 12 digits."""
    end, steps = math.atan(t / math.sqrt(freedom)), 200
    scale = 2 * math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2))
    weights = (1, *((4, 2) * (steps // 2 - 1)), 4, 1)
    heights = (math.cos(end * n / steps) ** (freedom - 1) for n in range(steps + 1))
    area: float = sum(w * h for w, h in zip(weights, heights, strict=True)) * end / steps / 3
    return scale / math.sqrt(math.pi) * area


def geometric_mean(ratios: Sequence[float]) -> float | None:
    """Of ratios above 0; None without any."""
    return math.exp(fmean(map(math.log, ratios))) if ratios else None
