"""Ratios within the round of many cells at once are those of each pair of cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipebench.frame.rounds import Rounds
from pipebench.stats.estimate import estimate, ratios

SAMPLE = st.dictionaries(st.integers(1, 12), st.floats(1e-3, 1e9), max_size=12)


def rounds_of(samples: list[dict[int, float]]) -> Rounds:
    rows = [(place, *pair) for place, sample in enumerate(samples) for pair in sample.items()]
    frame = pd.DataFrame(rows, columns=["cell", "round", "value"])
    return Rounds(frame.astype({"cell": np.intp, "round": np.int64, "value": float}), len(samples))


@given(st.lists(SAMPLE, max_size=6), st.data())
def test_each_pair_of_cells_has_its_ratio(
    samples: list[dict[int, float]], data: st.DataObject
) -> None:
    places = st.integers(0, max(0, len(samples) - 1))
    bases = data.draw(st.dictionaries(places, places)) if samples else {}
    relative = rounds_of(samples).relative_to(bases)
    found = relative.estimates()
    for place, sample in enumerate(samples):
        base = samples[bases[place]] if place in bases else {}
        assert found.of(place) == estimate(ratios(sample, base))
        shared = {number: sample[number] / base[number] for number in sample if number in base}
        assert relative.by_cell()[place] == shared


@given(st.lists(SAMPLE, max_size=6))
def test_each_cell_has_its_estimate(samples: list[dict[int, float]]) -> None:
    rounds = rounds_of(samples)
    for place, sample in enumerate(samples):
        assert rounds.estimates().of(place) == estimate(list(sample.values()))
        inverse = [1 / value for value in sample.values()]
        assert rounds.inverse().estimates().of(place) == estimate(inverse)
