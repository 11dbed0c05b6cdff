"""Estimates of many samples at once, the same as estimate.py's of one, to the last digit."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipebench.stats.estimate import UNKNOWN, Estimate, interval_ranks

Values = NDArray[np.float64]
Places = NDArray[np.intp]


class Estimates(NamedTuple):
    """One Estimate a sample: medians, and bounds of their 95 % intervals. NaN: not known."""

    value: Values
    low: Values
    high: Values

    def of(self, sample: int) -> Estimate:
        """That of one sample."""
        if np.isnan(self.value[sample]):
            return UNKNOWN
        low, high = float(self.low[sample]), float(self.high[sample])
        bounds = (None, None) if np.isnan(low) else (low, high)
        return Estimate(float(self.value[sample]), *bounds)


def estimates(samples: Places, values: Values, count: int) -> Estimates:
    """Medians and exact intervals. samples: of each value, its sample: 0, 1, ... count - 1."""
    ordered = values[np.lexsort((values, samples))]
    sizes = np.bincount(samples, minlength=count)
    starts = np.concatenate(([0], sizes.cumsum()[:-1])) if count else sizes
    some = sizes > 0
    value, low, high = (np.full(count, np.nan) for _ in Estimates._fields)
    lower = ordered[starts[some] + (sizes[some] - 1) // 2]
    upper = ordered[starts[some] + sizes[some] // 2]
    # of an odd number it is one of them, and the half of its double may be another number
    value[some] = np.where(sizes[some] % 2 == 1, lower, (lower + upper) / 2)
    first, last = _interval_places(int(sizes.max(initial=0)))
    sure = first[sizes] >= 0
    low[sure] = ordered[starts[sure] + first[sizes[sure]]]
    high[sure] = ordered[starts[sure] + last[sizes[sure]]]
    return Estimates(value, low, high)


@cache
def _interval_places(most: int) -> tuple[Places, Places]:
    """Of 0, 1, ... most values the places of those that bound the median; -1: none."""
    ranks = [interval_ranks(count) or (0, 0) for count in range(most + 1)]
    first, last = zip(*ranks, strict=True)
    return np.array(first, np.intp) - 1, np.array(last, np.intp) - 1
