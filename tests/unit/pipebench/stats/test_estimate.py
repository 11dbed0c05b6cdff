"""Exact intervals of the median, ratios within the round, ties and ranks; and what these claim."""

import random
from collections import Counter
from itertools import combinations
from math import comb, exp, log

import pytest

from pipebench.stats.estimate import UNKNOWN, Estimate, estimate, interval_ranks, ratios
from pipebench.stats.ranking import Relation, noise_floor, ranks, relation
from pipebench.stats.two_samples import arrangements, independent_ratio, shift_rank


@pytest.mark.parametrize(
    ("n", "ranks"),
    [(1, None), (5, None), (6, (1, 6)), (7, (1, 7)), (8, (1, 8)), (10, (2, 9)), (15, (4, 12)),
     (20, (6, 15))],
)  # fmt: skip
def test_ranks_of_method(n: int, ranks: tuple[int, int] | None) -> None:
    assert interval_ranks(n) == ranks


def test_estimate() -> None:
    assert estimate([]) == UNKNOWN
    assert estimate([3, 1, 2]) == Estimate(2, None, None)
    assert estimate([6, 5, 4, 3, 2, 1]) == Estimate(3.5, 1, 6)


def test_ratios_are_of_the_same_round() -> None:
    assert ratios({1: 10, 2: 30, 4: 5}, {1: 20, 2: 30, 3: 7}) == [0.5, 1]


def test_the_width_of_an_interval() -> None:
    assert Estimate(2, 1.9, 2.2).relative_width == pytest.approx(0.15)
    assert Estimate(2, None, None).relative_width is None


def test_the_noise_floor_is_the_bound_farther_from_1() -> None:
    assert noise_floor(Estimate(1.0, 0.98, 1.05)) == pytest.approx(0.05)
    assert noise_floor(Estimate(1.0, 0.8, 1.05)) == pytest.approx(0.25)
    assert noise_floor(Estimate(1.0, None, None)) is None
    assert noise_floor(UNKNOWN) is None


@pytest.mark.parametrize(
    ("ratio", "floor", "found"),
    [
        (Estimate(1.2, 1.1, 1.3), 0.05, Relation.BETTER),
        (Estimate(0.8, 0.7, 0.9), 0.05, Relation.WORSE),
        (Estimate(1.2, 0.9, 1.3), 0.05, Relation.TIED),  # holds 1
        (Estimate(1.04, 1.02, 1.06), 0.05, Relation.TIED),  # under the floor
        (Estimate(0.96, 0.94, 0.98), 0.05, Relation.TIED),
        (Estimate(1.2, None, None), 0.05, None),
        (Estimate(1.2, 1.1, 1.3), None, None),
        (UNKNOWN, 0.05, None),
    ],
)
def test_a_difference_needs_an_interval_and_a_floor(
    ratio: Estimate, floor: float | None, found: Relation | None
) -> None:
    assert relation(ratio, floor) == found


def steady(value: float, rounds: int = 6) -> dict[int, float]:
    return {number: value * (1 + number / 1e4) for number in range(1, rounds + 1)}


def test_ranks_are_groups() -> None:
    values = {"a": steady(100), "b": steady(99), "c": steady(80), "d": steady(79), "e": steady(10)}
    assert ranks(values, 0.02) == {"a": 1, "b": 1, "c": 2, "d": 2, "e": 3}
    assert ranks(dict(reversed(values.items())), 0.02) == ranks(values, 0.02)


def test_a_chain_of_ties_joins_nothing_that_differs() -> None:
    values = {"a": steady(100), "b": steady(96), "c": steady(92), "d": steady(88)}
    assert ranks(values, 0.05) == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_what_varies_much_is_not_known_to_be_slower() -> None:
    noisy = dict(enumerate([120.0, 60, 65, 70, 66, 61], start=1))
    values = {"a": steady(100), "b": steady(80), "c": noisy}
    assert ranks(values, 0.02) == {"a": 1, "b": 2, "c": 1}


def test_too_few_rounds_or_no_floor_rank_nobody() -> None:
    values = {"a": steady(100), "b": steady(50, rounds=5)}
    assert ranks(values, 0.02) == {"a": 1}
    assert ranks(values, None) == {}
    assert ranks({}, 0.02) == {}
    # six rounds each, but only five in common
    late = {number + 1: value for number, value in steady(50).items()}
    assert ranks({"a": steady(100), "b": late}, 0.02) == {"a": 1}


def noisy_rounds(
    rng: random.Random, names: dict[str, float], rounds: int
) -> dict[str, dict[int, float]]:
    """Rates by name and round on a machine that drifts, with a slow spell now and then."""
    values: dict[str, dict[int, float]] = {name: {} for name in names}
    drift = 0.0
    for number in range(1, rounds + 1):
        for name in rng.sample(list(names), len(names)):
            drift = 0.8 * drift + rng.gauss(0, 0.03)
            spell = -rng.expovariate(5) if rng.random() < 0.1 else 0
            values[name][number] = names[name] * exp(drift + rng.gauss(0, 0.05) + spell)
    return values


def test_one_server_under_several_names_is_tied() -> None:
    """Simulated: of 1000 runs of 6 rounds, how many claim a difference where there is none."""
    rng = random.Random(3)  # noqa: S311
    differs = claimed = 0
    for _ in range(1000):
        values = noisy_rounds(rng, {"one": 100, "again": 100, "third": 100}, 6)
        again = estimate(ratios(values["again"], values["one"]))
        assert again is not None
        differs += not again.holds_1
        third = estimate(ratios(values["third"], values["one"]))
        claimed += relation(third, noise_floor(again)) != Relation.TIED
    assert differs <= 50  # the interval alone, as the control is judged: 2 / 2^6 of the time
    assert claimed <= 25  # the whole rule, of a server that the floor is not made of


def test_a_difference_that_is_there_is_found() -> None:
    rng = random.Random(4)  # noqa: S311
    found = 0
    for _ in range(200):
        values = noisy_rounds(rng, {"one": 100, "again": 100, "twice": 200}, 6)
        floor = noise_floor(estimate(ratios(values["again"], values["one"])))
        found += ranks({name: values[name] for name in ("one", "twice")}, floor) == {
            "twice": 1,
            "one": 2,
        }
    assert found >= 190


@pytest.mark.parametrize(("m", "n"), [(1, 1), (2, 3), (4, 5), (6, 6), (7, 3)])
def test_arrangements_are_those_that_one_can_count(m: int, n: int) -> None:
    counted: Counter[int] = Counter()
    for places in combinations(range(m + n), n):
        # U: how many of the others stand before each
        counted[sum(place - rank for rank, place in enumerate(places))] += 1
    assert arrangements(m, n) == [counted[u] for u in range(m * n + 1)]
    assert sum(arrangements(m, n)) == comb(m + n, n)


@pytest.mark.parametrize(
    ("m", "n", "rank"),
    [(3, 3, None), (5, 5, 3), (6, 6, 6), (6, 8, 9), (10, 10, 24), (20, 20, 128)],
)  # one more than the critical values of U that are printed in tables, two-sided, 5 %
def test_ranks_of_a_shift(m: int, n: int, rank: int | None) -> None:
    assert shift_rank(m, n) == shift_rank(n, m) == rank


def test_the_ratio_of_independent_samples() -> None:
    base = [100.0, 101, 102, 103, 104, 105]
    found = independent_ratio([2 * value for value in base], base)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.value == pytest.approx(2)
    assert 1.9 < found.low < 2 < found.high < 2.1
    back = independent_ratio(base, [2 * value for value in base])
    assert back == pytest.approx((1 / 2, 1 / found.high, 1 / found.low))
    assert independent_ratio([], base) == UNKNOWN
    few = independent_ratio([200.0] * 5, base)
    assert few is not None
    assert few.relative_width is None


@pytest.mark.parametrize(("m", "n", "ratio"), [(6, 6, 1.0), (6, 10, 0.9), (10, 10, 1.3)])
def test_the_interval_holds_the_true_ratio_as_often_as_it_says(
    m: int, n: int, ratio: float
) -> None:
    """Simulated: skewed rates, two runs of the same spread, 2000 times."""
    rng = random.Random(5)  # noqa: S311

    def rates(rounds: int, factor: float) -> list[float]:
        return [factor * exp(rng.gauss(0, 0.03) - rng.expovariate(40)) for _ in range(rounds)]

    held = 0
    for _ in range(2000):
        found = independent_ratio(rates(m, ratio), rates(n, 1))
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= ratio <= found.high
    # 95 % or a little more; 2000 runs are within 0.015 of it by three standard deviations
    assert 0.935 <= held / 2000 <= 0.98


def test_two_runs_of_one_server_are_tied() -> None:
    """Simulated: how many of 1000 pairs of runs claim a difference where there is none."""
    rng = random.Random(6)  # noqa: S311
    by_interval = claimed = 0
    for _ in range(1000):
        runs = [noisy_rounds(rng, {"one": 100, "again": 100}, 6) for _ in range(2)]
        floors = [noise_floor(estimate(ratios(run["again"], run["one"]))) for run in runs]
        found = independent_ratio(*(list(run["one"].values()) for run in runs))
        assert found is not None
        by_interval += not found.holds_1
        claimed += relation(found, max(floor for floor in floors if floor)) != Relation.TIED
    # rounds that drift are not independent of each other: the interval alone claims too often
    assert by_interval <= 150
    assert claimed <= 25


def test_a_difference_between_runs_is_found() -> None:
    rng = random.Random(7)  # noqa: S311
    found = 0
    for _ in range(200):
        runs = [noisy_rounds(rng, {"one": of, "again": of}, 6) for of in (100, 200)]
        floors = [noise_floor(estimate(ratios(run["again"], run["one"]))) for run in runs]
        ratio = independent_ratio(*(list(run["one"].values()) for run in runs[::-1]))
        assert ratio.value is not None
        assert abs(log(ratio.value / 2)) < 0.5
        found += relation(ratio, max(floor for floor in floors if floor)) == Relation.BETTER
    assert found >= 190
