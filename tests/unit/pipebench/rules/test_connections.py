"""How each connection was served, what is said of silent ones, and of wrong answers under load."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from pipebench.measure.measurement import Measurement
from pipebench.record.packing import packed_connections
from pipebench.record.schema import RecordError
from pipebench.rules.bottleneck import uneven
from pipebench.rules.outcome import Context, judge
from pipebench.rules.rule import Outcome
from tests.unit.pipebench.factory import (
    RESPONSE_BYTES,
    START,
    generator,
    measurement_of,
    record,
    wrk,
    wrk_result,
)

WINDOW = START + 3
LOOKED = WINDOW + 4.8
BATCHES = {40_000: 25_000}
"""200 connections for 5 s: 125 batches of 5 each."""


def connections(counts: list[int], received_ms: list[int] | None = None) -> dict[str, Any]:
    """CONNECTIONS of so many responses each."""
    rows = sorted(
        zip([RESPONSE_BYTES * n for n in counts], received_ms or [3] * len(counts), strict=True)
    )
    return packed_connections(
        {
            "at": LOOKED,
            "received_bytes": [size for size, _ in rows],
            "last_sent_ms": [3] * len(rows),
            "last_received_ms": [ms for _, ms in rows],
        }
    )


def seen(
    counts: list[int],
    received_ms: list[int] | None = None,
    batches: dict[int, int] | None = None,
    **other: Any,
) -> Measurement:
    result = wrk_result(Counter(batches or BATCHES))
    part = generator(wrk(result), connections=connections(counts, received_ms), **other)
    return measurement_of(record(generators=[part]))


def test_each_connection_has_its_responses() -> None:
    served = seen([0] * 10 + [100] * 90 + [300] * 100).served
    assert served
    assert (served.count, served.unserved) == (200, 10)
    assert (served.responses[0], served.median, served.responses[-1]) == (0, 300, 300)
    assert served.at_s == pytest.approx(4.8)
    assert served.lower_half == pytest.approx(9_000 / 39_000)


def test_healthy_connections_are_not_silent() -> None:
    measurement = seen([600] * 200, [440] * 200)
    assert judge(measurement, Context()).outcome == Outcome.OK
    assert uneven(measurement) == []


@pytest.mark.parametrize(
    ("counts", "received_ms", "sentence"),
    [
        (
            [300, *[600] * 199],
            [2_300, *[3] * 199],
            (
                "1 of 200 connections silent: nothing came in the last 2.3 s, "
                "but the longest batch took 0.04 s"
            ),
        ),
        (
            [0, 300, *[600] * 198],
            [4_800, 900, *[3] * 198],
            (
                "2 of 200 connections silent: nothing came in the last 0.9 to 4.8 s, "
                "but the longest batch took 0.04 s, and 1 of them was never served"
            ),
        ),
        (
            [0] * 100 + [600] * 100,
            [4_800] * 100 + [3] * 100,
            "100 of 200 connections were never served in 4.8 s",
        ),
    ],
)
def test_silent_connections_are_named(
    counts: list[int], received_ms: list[int], sentence: str
) -> None:
    judgement = judge(seen(counts, received_ms), Context())
    assert (judgement.outcome, judgement.rules) == (Outcome.DEGRADED, ("silent",))
    assert judgement.reason == sentence


def test_who_waits_to_be_let_in_is_not_silent() -> None:
    # one after the other: the last that was served had waited nearly as long as those that wait
    batches = {40_000: 20_000, 4_600_000: 1}
    measurement = seen([0] * 10 + [600] * 190, [4_800] * 10 + [3] * 190, batches)
    assert judge(measurement, Context()).rules == ()
    assert measurement.served
    assert measurement.served.unserved == 10


def test_the_busy_share_says_nothing_if_each_connection_was_looked_at() -> None:
    half = {40_000: 12_500}
    assert judge(seen([300] * 200, batches=half), Context()).rules == ()
    without = record(generators=[generator(wrk(wrk_result(Counter(half))))])
    assert judge(measurement_of(without), Context()).rules == ("busy",)


def test_the_busy_share_says_nothing_of_a_generator_at_its_limit() -> None:
    ran = wrk(wrk_result(Counter({40_000: 12_500})), cpu_s=9.7)
    assert judge(measurement_of(record(generators=[generator(ran)])), Context()).rules == ()


def test_uneven_service_is_a_remark() -> None:
    measurement = seen([100] * 100 + [900] * 100)
    assert judge(measurement, Context()).outcome == Outcome.OK
    (remark,) = uneven(measurement)
    assert remark.sentence == (
        "the connections were served unevenly: the less served half of 200 got 10% of the "
        "responses (fewest 100, median 900, most 900)"
    )


def verification(wrong: int) -> dict[str, Any]:
    def phase(count: int) -> dict[str, int]:
        return {"opened": 0, "batches": 20, "requests": 100, "answered": 100, "wrong": count}

    first = {
        "at": WINDOW + 2.6,
        "phase": "measured",
        "seen": "wrong body",
        "detail": "answer 3 of 5: the body is b'Hello w0rld!', not 'Hello world!'",
    }
    return {
        "phases": {"warmup": phase(0), "measured": phase(wrong)},
        "first_wrong": first if wrong else None,
    }


def test_a_wrong_answer_under_load_is_a_failure() -> None:
    assert judge(seen([600] * 200, verification=verification(0)), Context()).rules == ()
    measurement = seen([600] * 200, verification=verification(7))
    judgement = judge(measurement, Context())
    assert (judgement.outcome, judgement.rules) == (Outcome.FAILED, ("wrong_under_load",))
    assert judgement.reason == (
        "wrong under load: wrong body 2.6 s into the window, answer 3 of 5: the body is "
        "b'Hello w0rld!', not 'Hello world!'; 7 of 40 verified batches were wrong"
    )
    assert measurement.verified
    assert (measurement.verified.answered, measurement.verified.wrong) == (200, 7)


def test_columns_of_unequal_length_make_a_record_invalid() -> None:
    columns = connections([600] * 200)
    columns["last_sent_ms"] = columns["last_sent_ms"][:-1]
    part = generator(wrk(wrk_result(Counter(BATCHES))), connections=columns)
    with pytest.raises(RecordError, match="not as many in every column"):
        measurement_of(record(generators=[part]))
