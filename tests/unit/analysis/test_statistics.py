"""Exact intervals of the median, and ratios within the round."""

import pytest

from analysis.statistics import Estimate, estimate, interval_ranks, ratios


@pytest.mark.parametrize(
    ("n", "ranks"),
    [(1, None), (5, None), (6, (1, 6)), (7, (1, 7)), (8, (1, 8)), (10, (2, 9)), (15, (4, 12)),
     (20, (6, 15))],
)  # fmt: skip
def test_ranks_of_method(n: int, ranks: tuple[int, int] | None) -> None:
    assert interval_ranks(n) == ranks


def test_estimate() -> None:
    assert estimate([]) is None
    assert estimate([3, 1, 2]) == Estimate(2, None, None)
    assert estimate([6, 5, 4, 3, 2, 1]) == Estimate(3.5, 1, 6)


def test_ratios_are_of_the_same_round() -> None:
    assert ratios({1: 10, 2: 30, 4: 5}, {1: 20, 2: 30, 3: 7}) == [0.5, 1]
