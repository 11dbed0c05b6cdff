"""wrk's correction is undone exactly, on made-up batches and on what wrk really wrote."""
# ruff: noqa: S311

import json
import random
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from pipebench.measure.latency import TAILS_PPM, summarise
from pipebench.record.columns import Histogram
from pipebench.record.schema import Record
from pipebench.tools.tool import LatencyError
from pipebench.tools.wrk import TOOL, correction_interval
from tests.unit.pipebench.factory import DATA, closed_loop, record, typed, wrk_result


def recover(result: dict[str, Any], connections: int = 200) -> Histogram:
    """What wrk recorded, from what pipeline.lua wrote."""
    made = record(result, connections=connections, threads=result["threads"])
    parsed = typed(made, Record)
    execution = parsed.generators[0].measured
    assert execution
    return TOOL.counts(execution, parsed, "measured").latencies()


def recovered(result: dict[str, Any], connections: int = 200) -> dict[int, int]:
    values, counts = recover(result, connections)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("complete", [True, False])
def test_any_histogram_comes_back_exactly(seed: int, complete: bool) -> None:
    rng = random.Random(seed)
    depth = rng.choice([1, 2, 5, 16, 64])
    recorded = Counter(rng.randint(1, 3000) for _ in range(rng.randint(1, 3000)))
    for _ in range(rng.randint(0, 5)):  # a tail far above the rest
        recorded[rng.randint(3000, 60_000)] += 1
    duration = rng.randint(20_000, 400_000)
    connections = rng.choice([1, 10, 64])
    tail = rng.randrange(depth)
    if duration // max(1, (depth * sum(recorded.values()) + tail) // connections) == 0:
        pytest.skip("wrk itself would hang on it")
    result = wrk_result(
        recorded,
        depth=depth,
        connections=connections,
        duration_us=duration,
        tail=tail,
        complete=complete,
    )
    assert recovered(result, connections) == dict(recorded)


@pytest.mark.parametrize("depth", [1, 5, 64])
def test_a_closed_loop_comes_back_exactly(depth: int) -> None:
    recorded = closed_loop(40_000, step_us=1, rng=random.Random(depth))
    result = wrk_result(recorded, depth=depth)
    values, counts = recover(result)
    assert dict(zip(values.tolist(), counts.tolist(), strict=True)) == dict(recorded)
    assert depth * int(counts.sum()) == result["requests"]


def by_walking(histogram: list[tuple[int, int]], interval: int) -> dict[int, int]:
    """The undoing as docs and method tell it: from the largest value down."""
    left = dict(histogram)
    for n in sorted(left, reverse=True):
        m = n - interval
        while n >= 2 * interval and left[n] and m > interval:
            left[m] -= left[n]
            m -= interval
    return {value: count for value, count in left.items() if count}


def test_the_difference_equals_the_walk() -> None:
    recorded = closed_loop(20_000, rng=random.Random(3))
    result = wrk_result(recorded)
    interval = correction_interval(result["duration_us"], result["requests"], 200)
    assert interval
    assert recovered(result) == by_walking(
        [(n, c) for n, c in result["latency"]["histogram"]], interval
    )


def test_nothing_to_undo_with_fewer_requests_than_connections() -> None:
    assert correction_interval(5_000_000, 199, 200) is None
    assert recovered(wrk_result({1_000_000: 30}, depth=5)) == {1_000_000: 30}


def test_no_batch_at_all() -> None:
    result = wrk_result({}, tail=200)
    assert recovered(result) == {}
    assert summarise([recover(result)]) is None


def test_a_count_that_would_be_negative_is_named() -> None:
    result = wrk_result(closed_loop(40_000, rng=random.Random(1)))
    largest = result["latency"]["histogram"][-1]
    largest[1] += 10_000
    with pytest.raises(
        LatencyError, match=r"cannot be undone: -\d+ batches would be left at \d+ us"
    ):
        recovered(result)


def test_a_phantom_that_is_missing_is_named() -> None:
    result = wrk_result(closed_loop(40_000, rng=random.Random(1)))
    # the smallest value whose phantom lies above the interval: take that phantom away
    interval = correction_interval(result["duration_us"], result["requests"], 200)
    assert interval
    histogram = result["latency"]["histogram"]
    phantom = next(pair for pair in histogram if pair[0] > interval)
    histogram.remove(phantom)
    with pytest.raises(LatencyError, match="cannot be undone"):
        recovered(result)


def test_batches_below_wrks_minimum_are_named() -> None:
    result = wrk_result({40_000: 1000})
    result["latency"]["histogram"].insert(0, [7, 3])
    with pytest.raises(LatencyError, match="below the smallest that wrk saw, 40000 us"):
        recovered(result)


@pytest.mark.parametrize("depth", [1, 5, 16])
def test_what_wrk_really_wrote_about_a_server_of_40_ms(depth: int) -> None:
    real = json.loads((DATA / f"wrk-40ms-d{depth}.json").read_text())
    result, connections, truth = real["result"], real["connections"], real["truth"]
    latency = summarise([recover(result, connections)])
    assert latency
    assert latency.p50_us == pytest.approx(truth["batch_latency_us"], rel=0.02)
    tail = result["requests"] - depth * latency.batches
    assert 0 <= tail <= connections * (depth - 1)
    assert 0 <= truth["batches_answered"] - latency.batches <= connections
    busy = latency.total_us / connections / result["duration_us"]
    assert busy == pytest.approx(1, abs=0.04)


def test_what_wrk_printed_about_it_is_false() -> None:
    real = json.loads((DATA / "wrk-40ms-d5.json").read_text())
    assert "50%    0.00us" in real["wrk_text"]


def test_percentiles_are_recorded_values() -> None:
    values, counts = np.array([10, 20, 30, 1000]), np.array([50, 25, 24, 1])
    latency = summarise([(values, counts)])
    assert latency
    assert (latency.p50_us, latency.p75_us, latency.p90_us, latency.p99_us) == (10, 20, 30, 30)
    assert (latency.batches, latency.max_us) == (100, 1000)
    assert latency.mean_us == pytest.approx(27.2)


@pytest.mark.parametrize(("batches", "finest_ppm"), [(1, 1_000_000), (10, 100_000), (1500, 700)])
def test_a_curve_ends_where_the_batches_do(batches: int, finest_ppm: int) -> None:
    values = np.arange(1, batches + 1)
    latency = summarise([(values, np.ones(batches, np.int64))])
    assert latency
    tails = TAILS_PPM[: len(latency.curve)]
    assert tails[-1] == finest_ppm
    # nearest rank, in fractions: the least value that at most this share of the batches exceeds
    expected = [
        next(value for value in values if Fraction(int((values > value).sum()), batches) <= tail)
        for tail in (Fraction(ppm, 1_000_000) for ppm in tails)
    ]
    assert list(latency.curve) == expected


def test_a_curve_goes_through_the_percentiles() -> None:
    recorded = closed_loop(40_000, step_us=1, rng=random.Random(9))
    latency = summarise([recover(wrk_result(recorded))])
    assert latency
    by_tail = dict(zip(TAILS_PPM, latency.curve, strict=False))
    assert by_tail[1_000_000] == min(recorded)
    assert [by_tail[ppm] for ppm in (500_000, 100_000, 10_000)] == [
        latency.p50_us,
        latency.p90_us,
        latency.p99_us,
    ]
    assert len(TAILS_PPM) == 25
    assert list(TAILS_PPM) == sorted(TAILS_PPM, reverse=True)


def test_generators_are_summed_by_value() -> None:
    one = (np.array([10, 30]), np.array([1, 1]))
    two = (np.array([20]), np.array([1]))
    latency = summarise([one, two])
    assert latency
    assert (latency.p50_us, latency.batches) == (20, 3)
