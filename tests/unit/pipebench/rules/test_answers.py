"""The load's answers: checked one by one, asked beside the load, and held by their size."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from pipebench.measure.measurement import Measurement
from pipebench.rules.answers import unseen_share
from pipebench.rules.outcome import Context, Judgement, judge
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

BATCHES = {40_000: 25_000}
"""200 connections for 5 s: 125 batches of 5 each."""
REQUESTS = 125_000


def window_result(**checked: Any) -> dict[str, Any]:
    """What wrk says of a window in which it checked every answer."""
    nothing = {"other_statuses": {}, "wrong_body": 0, "lacking_field": 0, "first_wrong": ""}
    return wrk_result(Counter(BATCHES)) | {"checked": {"answers": REQUESTS, **nothing, **checked}}


def window(**checked: Any) -> Measurement:
    return measurement_of(record(window_result(**checked), round=3), "answers")


def alone(**other: Any) -> dict[str, Any]:
    return {
        "seen": "full", "detail": "answered 5 of 5", "status": 200, "sizes": [RESPONSE_BYTES] * 10,
        "fields": ["content-length"], "interim": [],
    } | other  # fmt: skip


def verification(phase: dict[str, Any] | None = None, **other: Any) -> dict[str, Any]:
    counts = {"opened": 3, "batches": 20, "requests": 100, "answered": 100, "wrong": 0}
    sizes = {"as_wrk": 50, "least": RESPONSE_BYTES, "most": RESPONSE_BYTES}
    measured = {**counts, **sizes, **(phase or {})}
    return {"seed": 1, "alone": alone(), "phases": {"measured": measured}} | other


def measured(
    verified: dict[str, Any] | None = None, result: dict[str, Any] | None = None
) -> Measurement:
    result = result or wrk_result(Counter(BATCHES))
    part = generator(wrk(result), verification=verified or verification())
    return measurement_of(record(result, generators=[part]))


def of_window(window: Measurement) -> Judgement:
    return judge(measured(), Context(answers=window))


def test_right_answers_are_right() -> None:
    assert of_window(window()).outcome == Outcome.OK
    assert judge(measured(), Context()).outcome == Outcome.OK


@pytest.mark.parametrize(
    ("checked", "outcome", "words"),
    [
        ({"wrong_body": 125}, Outcome.FAILED, "125 had another body"),
        ({"other_statuses": {"302": 9, "304": 1}}, Outcome.FAILED,
         "9 had status 302 and 1 had status 304"),
        ({"other_statuses": {"204": 1}}, Outcome.FAILED, "1 had status 204"),
        ({"lacking_field": 4}, Outcome.DEGRADED, "4 lacked a header field"),
        # refusals are errors of the measured windows, and informational answers no answers
        ({"other_statuses": {"503": 100}}, Outcome.OK, ""),
        ({"other_statuses": {"100": REQUESTS // 2}}, Outcome.OK, ""),
    ],
)  # fmt: skip
def test_every_answer_of_the_window_counts(
    checked: dict[str, Any], outcome: Outcome, words: str
) -> None:
    judgement = of_window(window(**checked, first_wrong="body x"))
    assert judgement.outcome == outcome
    assert words in judgement.reason
    if outcome != Outcome.OK:
        assert "of 125,000 answers that wrk checked in round 3" in judgement.reason
        assert "the first: body x" in judgement.reason


def test_answers_without_a_header_field_are_wrong() -> None:
    """wrk hands none of them to the script, so that there are fewer than it counts."""
    judgement = of_window(window(answers=REQUESTS - 7))
    assert judgement.outcome == Outcome.FAILED
    assert judgement.reason == (
        "of 125,000 answers that wrk checked in round 3, 7 had no header field at all"
    )


def test_informational_answers_without_a_header_field_are_right() -> None:
    """wrk does not hand the first of each connection to the script."""
    informs = window(answers=REQUESTS - 200, other_statuses={"103": REQUESTS // 2 - 200})
    assert of_window(informs).outcome == Outcome.OK


def test_a_window_that_came_to_nothing_accuses_nobody() -> None:
    crashed = measurement_of(record(generators=[generator(None)]), "answers")
    assert of_window(crashed).outcome == Outcome.OK
    unchecked = measurement_of(record(), "answers")  # of a tool that cannot check
    assert of_window(unchecked).outcome == Outcome.OK


FIRST = {"at": START + 3.5, "phase": "measured", "seen": "wrong answer", "detail": "answer 1 of 5"}


def test_another_status_beside_the_load_is_wrong_but_for_the_ceiling() -> None:
    one = measured(verification({"other": 7, "statuses": {"302": 35}}, first_other=FIRST))
    judgement = judge(one, Context(role="framework"))
    assert (judgement.outcome, judgement.rules) == (Outcome.FAILED, ("wrong_under_load",))
    assert "wrong answer 0.5 s into the window, answer 1 of 5; 7 of 20 verified" in judgement.reason
    assert judge(one, Context(role="ceiling")).outcome == Outcome.OK


def test_a_wrong_answer_before_the_load_is_wrong() -> None:
    lie = alone(seen="wrong answer", detail="answer 1 of 5: status 304", status=304)
    judgement = judge(measured(verification(alone=lie)), Context())
    assert judgement.outcome == Outcome.FAILED
    assert judgement.reason.startswith("wrong before the load: wrong answer, answer 1 of 5")
    # one that refuses says so to the load tool, too; a close is seen in connections
    for other in (alone(seen="wrong answer", status=503), alone(seen="closes")):
        assert judge(measured(verification(alone=other)), Context()).outcome == Outcome.OK


def test_the_load_must_get_what_is_verified() -> None:
    tiny = wrk_result(Counter(BATCHES), response_bytes=17)
    judgement = judge(measured(result=tiny), Context())
    assert (judgement.outcome, judgement.rules) == (Outcome.DEGRADED, ("answered_otherwise",))
    assert judgement.reason == (
        "its 125,000 responses to the load have 17.0 bytes on average; the same requests beside "
        f"the load were answered with {RESPONSE_BYTES} bytes"
    )
    one = record(tiny)
    assert judge(measurement_of(one), Context()).outcome == Outcome.OK  # an older record


@pytest.mark.parametrize("mean", [RESPONSE_BYTES - 2, RESPONSE_BYTES, RESPONSE_BYTES + 5])
def test_a_header_of_varying_length_is_one_answer(mean: int) -> None:
    """A counter of requests had 1 to 3 digits beside the load, and 5 in the load itself."""
    sizes = {"least": RESPONSE_BYTES - 1, "most": RESPONSE_BYTES + 2}
    result = wrk_result(Counter(BATCHES), response_bytes=mean)
    one = measured(verification(sizes), result)
    assert judge(one, Context()).outcome == Outcome.OK
    tiny = measured(verification(sizes), wrk_result(Counter(BATCHES), response_bytes=60))
    assert judge(tiny, Context()).outcome == Outcome.DEGRADED


def test_informational_answers_are_named_as_the_cause() -> None:
    """wrk counts each of them as a response."""
    result = wrk_result(Counter(BATCHES), tail=REQUESTS)
    judgement = judge(measured(verification(alone=alone(interim=[100])), result), Context())
    assert judgement.outcome == Outcome.DEGRADED
    assert judgement.reason.endswith(
        "it sends an informational answer (100) before each answer, which wrk counts as a "
        "response of its own"
    )


@pytest.mark.parametrize(("count", "share"), [(1, 0.95), (2995, 0.001), (300_000, 0.00001)])
def test_the_share_that_may_be_unseen(count: int, share: float) -> None:
    assert unseen_share(count) == pytest.approx(share, rel=0.01)
    assert unseen_share(0) is None
