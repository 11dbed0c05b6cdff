"""Many samples at once have the numbers of one sample at a time."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipebench.stats.estimate import estimate
from pipebench.stats.grouped import estimates

VALUE = st.floats(min_value=-1e12, max_value=1e12)
SAMPLES = st.lists(st.lists(VALUE, max_size=25), max_size=6)


@given(SAMPLES, st.randoms(use_true_random=False))
def test_estimates_are_those_of_each_sample(
    samples: list[list[float]], order: random.Random
) -> None:
    pairs = [(number, value) for number, sample in enumerate(samples) for value in sample]
    order.shuffle(pairs)
    numbers = np.array([number for number, _ in pairs], np.intp)
    values = np.array([value for _, value in pairs], float)
    whole = estimates(numbers, values, len(samples))
    for number, sample in enumerate(samples):
        assert whole.of(number) == estimate(sample)
