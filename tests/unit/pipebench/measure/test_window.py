"""Counters over the window: between samples in the pauses, and empty rather than guessed."""

from typing import Any

import numpy as np
import pytest

from pipebench.measure.window import WindowError, increase, increases
from pipebench.record.columns import Samples
from tests.unit.pipebench.factory import START, columns, samples


def typed(taken: list[dict[str, Any]]) -> Samples:
    arrays = {name: np.array(column, dtype=float) for name, column in columns(taken).items()}
    return Samples.of(arrays.pop("t", np.empty(0)), arrays)


def cpu_us(taken: Samples, started: float, ended: float) -> float | None:
    return increase(taken, "unit_cpu_us", started, ended)


WINDOW = (START + 3, START + 8)


@pytest.mark.parametrize("shift", [0, -0.09, 0.04, 0.09])
def test_cpu_of_the_window_whatever_the_clocks_say_within_a_tenth(shift: float) -> None:
    taken = [sample | {"t": sample["t"] + shift} for sample in samples(0.97)]
    assert cpu_us(typed(taken), *WINDOW) == pytest.approx(0.97 * 5e6, rel=1e-6)


def test_without_samples_it_is_not_measured() -> None:
    assert cpu_us(typed([]), *WINDOW) is None


@pytest.mark.parametrize(
    ("first", "last"),
    [
        pytest.param(-9, 4, id="begins too late"),
        pytest.param(7, 99, id="ends too early"),
        pytest.param(2.5, 3.5, id="does not say what it was in the pause"),
    ],
)
def test_samples_that_do_not_reach_around_the_window(first: float, last: float) -> None:
    taken = [sample for sample in samples(0.97) if not first < sample["t"] - START < last]
    assert cpu_us(typed(taken), *WINDOW) is None


def test_a_sampler_that_ends_in_the_pause_is_enough() -> None:
    taken = [sample for sample in samples(0.97) if sample["t"] <= START + 8.05]
    assert cpu_us(typed(taken), *WINDOW) == pytest.approx(0.97 * 5e6, rel=1e-6)


def test_a_unit_that_went_away_is_not_measured() -> None:
    assert cpu_us(typed(samples(0.97, dies_at=START + 5)), *WINDOW) is None


def test_a_counter_that_went_backwards_is_none() -> None:
    taken = samples(0.97)
    taken[40]["unit_cpu_us"] = 1
    with pytest.raises(WindowError, match="went backwards"):
        cpu_us(typed(taken), *WINDOW)


def test_all_columns_at_once_grow_as_each_does() -> None:
    t = np.arange(0, 8, 0.1)
    even, late, back = 10 * t, 20 * t, 30 * t
    gap = np.where((t > 3) & (t < 4), np.nan, 40 * t)
    late = np.where(t < 2, np.nan, late)
    back = np.where(t > 5, 0, back)
    of_host = Samples.of(t, {"even": even, "late": late, "gap": gap, "back": back})
    for started, ended in ((1.03, 6.01), (3.2, 6), (1, 9)):
        found = increases(of_host, started, ended)
        assert isinstance(found["back"], WindowError)
        for name in found.keys() - {"back"}:
            alone = increase(of_host, name, started, ended)
            assert found[name] == (None if alone is None else pytest.approx(alone))
        assert found.keys() == {"even", "late", "gap", "back"}
    assert increases(Samples.of(np.empty(0), {}), 1, 2) == {}
