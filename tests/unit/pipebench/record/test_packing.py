"""What is written tightly comes back as it was, and what cannot be packed stays as it is."""
# ruff: noqa: S311

import json
import random
from typing import Any

import numpy as np
import pytest
from msgspec import Raw

from pipebench.record.columns import histogram_of, samples_of
from pipebench.record.packing import packed_result, packed_samples
from pipebench.record.schema import RecordError

Columns = dict[str, list[Any]]


def counters(rng: random.Random) -> Columns:
    """Samples as a host prints them: counters that grow, stand still, or are not known at times."""
    count = rng.randint(1, 90)
    t = sorted(round(1.79e9 + rng.uniform(0, 9), 6) for _ in range(count))
    grown = np.cumsum([rng.randint(0, 10**6) for _ in range(count)]).tolist()
    return {
        "t": t,
        "same": [rng.randint(0, 2**52)] * count,
        "never": [None] * count,
        "grows": grown,
        "at_times": [value if rng.random() < 0.6 else None for value in grown],
        "gauge": [rng.randint(0, 10**9) for _ in range(count)],
    }


def raw(columns: Columns) -> dict[str, Raw]:
    return {name: Raw(json.dumps(column).encode()) for name, column in columns.items()}


def values(columns: dict[str, Raw]) -> dict[str, Any]:
    return {name: json.loads(bytes(column)) for name, column in columns.items()}


def assert_same(packed: dict[str, Raw], plain: Columns) -> None:
    after, before = samples_of(packed, "a"), samples_of(raw(plain), "a")
    assert after.names == before.names
    np.testing.assert_array_equal(after.t, before.t)
    for name in before.names:
        column = before.column(name)
        assert column is not None
        np.testing.assert_array_equal(after.column(name), column)


@pytest.mark.parametrize("seed", range(50))
def test_samples_come_back_exactly(seed: int) -> None:
    plain = counters(random.Random(seed))
    packed = packed_samples(plain)
    assert "t_us" in packed
    assert_same(packed, plain)
    indented = {name: Raw(json.dumps(column, indent=1).encode()) for name, column in plain.items()}
    assert_same(indented, plain)


def test_a_counter_that_stands_still_is_one_number() -> None:
    packed = packed_samples({"t": [1.5, 1.75], "same": [7, 7], "never": [None, None], "up": [2, 5]})
    assert values(packed) == {"t_us": [1_500_000, 250_000], "same": 7, "never": None, "up": [2, 3]}


@pytest.mark.parametrize(
    "plain",
    [
        {"t": [1.5, 1.6], "share": [0.1, 0.2]},
        {"t": [1.00000012, 2.0], "a": [1, 2]},
        {},
        {"t": [1.5, 1.6], "a": [True, 2]},
    ],
)
def test_what_would_lose_something_stays_as_it_is(plain: Columns) -> None:
    assert values(packed_samples(plain)) == plain


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"t": [1.5, 1.6], "a": [1, 2, 4]}, "samples of server are not as many in every column"),
        ({"t": [1.5, 1.6], "a": [1, None, 4]}, "samples of server are not as many in every"),
        ({"a": [1, 2]}, "samples of server do not all have a time"),
        ({"t": [1.6, 1.5], "a": [1, 2]}, "samples of server are not in the order of time"),
        ({"t": [1.5, None], "a": [1, 2]}, "samples of server do not all have a time"),
        ({"t": [1.5, 1.6], "a": [1, "x"]}, r"item 2 of a column of samples of server is a text"),
        ({"t": [1.5, 1.6], "a": {}}, "item 1 of the columns of server is an object; it must be"),
    ],
)
def test_samples_that_cannot_be_used_are_named(columns: Columns, sentence: str) -> None:
    with pytest.raises(RecordError, match=sentence):
        samples_of(packed_samples(columns), "server")
    with pytest.raises(RecordError, match=sentence):
        samples_of(raw(columns), "server")


@pytest.mark.parametrize("seed", range(20))
def test_a_histogram_comes_back_exactly(seed: int) -> None:
    rng = random.Random(seed)
    values = sorted(rng.sample(range(10**7), rng.randint(0, 500)))
    pairs = [[value, rng.randint(0, 10**6)] for value in values]
    result = json.loads(bytes(packed_result(json.dumps({"latency": {"histogram": pairs}}))))
    found = histogram_of(Raw(json.dumps(result["latency"]["histogram"]).encode()), "a")
    assert np.stack(found, axis=1).tolist() == pairs
    plain = histogram_of(Raw(json.dumps(pairs).encode()), "a")
    assert np.stack(plain, axis=1).tolist() == pairs
    indented = Raw(json.dumps(result["latency"]["histogram"], indent=1).encode())
    assert np.stack(histogram_of(indented, "a"), axis=1).tolist() == pairs


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[[1, 2], [3]]", "not a list of pairs"),
        ("[[1, 2, 3], [4]]", "not a list of pairs"),
        ("[[1, -2]]", "not a list of pairs"),
        ("[1, 2]", "not a list of pairs"),
        ('{"values": [1.5], "counts": [1]}', "not two lists of whole numbers"),
        ("[[1, 99999999999999999999]]", "more than 18 digits"),
        ('"x"', "not a list of pairs"),
        ("[[2, 1], [1, 1]]", "not in the order of its values"),
        ('{"values": [1], "counts": []}', "has not a count for each value"),
        ('{"values": [1, 0], "counts": [1, 1]}', "not in the order of its values"),
        ('{"values": [1, -1], "counts": [1, 1]}', "a number below 0"),
        ('{"values": [9223372036854775808], "counts": [1]}', "more than 18 digits"),
    ],
)
def test_what_is_not_a_histogram_is_named(content: str, sentence: str) -> None:
    with pytest.raises(RecordError, match=sentence):
        histogram_of(Raw(content.encode()), "a")


def test_a_result_that_is_not_json_is_named() -> None:
    with pytest.raises(RecordError, match="truncated"):
        packed_result('{"latency": ')
