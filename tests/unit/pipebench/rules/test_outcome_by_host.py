"""What hosts saw besides wrk: connections, silence, memory, journals, and the probe before."""
# ruff: noqa: S311

import random
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from pipebench.measure.measurement import Measurement
from pipebench.record.packing import packed_connections
from pipebench.record.schema import ProbeRecord
from pipebench.rules.bottleneck import growing, wider_than_workers
from pipebench.rules.conformance import Conformance, probe_of
from pipebench.rules.outcome import Context, Judgement, ResponseSize, judge
from pipebench.rules.rule import Outcome
from tests.unit.pipebench.factory import (
    RESPONSE_BYTES,
    START,
    case,
    closed_loop,
    columns,
    generator,
    measurement_of,
    probe_record,
    record,
    samples,
    server,
    typed,
    wrk,
    wrk_result,
)

HEALTHY = closed_loop(40_000, rng=random.Random(5))
BATCHES = sum(HEALTHY.values())
MIB = 2**20


def facts_of(document: dict[str, Any]) -> Measurement:
    return measurement_of(document)


def verdict_of(
    document: dict[str, Any],
    probe: Conformance | None = None,
    runtime: str | None = "CPython 3.13.5 (system)",
) -> Judgement:
    return judge(facts_of(document), Context(probe=probe, runtime=runtime))


def generator_samples(
    *, opened: int = 201, silent_from: float = 5.0, seconds: float = 5
) -> dict[str, list[Any]]:
    """A generator that opens its connections at the window's start and is sent 1 MB a second.

    The closing of the connections is a little traffic at the very end.
    """
    rows = []
    for sample in samples(0.5, seconds=seconds):
        into = sample["t"] - START - 3
        rows.append(
            {
                "t": sample["t"],
                "tcp_active_opens": 1000 + round(opened * min(1.0, max(0.0, into) / seconds)),
                "nic_rx_bytes": round(1e6 * min(max(0.0, into), silent_from))
                + (1320 if into >= seconds - 0.05 else 0),
            }
        )
    return columns(rows)


def seen_by(
    result: dict[str, Any], *, of_server: dict[str, Any] | None = None, **sampled: Any
) -> dict[str, Any]:
    document = record(result, generators=[generator(wrk(result))])
    document["generators"][0]["samples"] = generator_samples(**sampled)
    if of_server:
        document["server"] |= of_server
    return document


def test_a_healthy_server_seen_by_its_generator_is_not_accused() -> None:
    document = seen_by(wrk_result(HEALTHY))
    assert facts_of(document).reopened == 0
    assert facts_of(document).quiet_s == pytest.approx(0.15, abs=0.11)
    assert verdict_of(document) == Judgement(Outcome.OK, "")


@pytest.mark.parametrize("others", [0, 5, 20])
def test_a_few_connections_of_other_programs_are_none_of_wrks(others: int) -> None:
    assert verdict_of(seen_by(wrk_result(HEALTHY), opened=201 + others)).outcome == Outcome.OK


@pytest.mark.parametrize(
    ("more", "errors", "why"),
    [
        (BATCHES, {}, ": it closes, or says that it will, after each batch"),
        (
            BATCHES,
            {"read": BATCHES},
            ": it closes, or sends what is not an answer, after each batch",
        ),
        (BATCHES, {"read": BATCHES // 4, "write": BATCHES // 2}, ": it closes after each batch"),
        (3 * BATCHES, {}, ": it closes, or says that it will, within a batch"),
        (
            3 * BATCHES,
            {"read": 3 * BATCHES},
            ": it closes, or sends what is not an answer, within a",
        ),
        (BATCHES // 4, {}, ""),
        (BATCHES // 4, {"read": 20, "write": BATCHES // 5}, ": most failed at once, as if nothing"),
    ],
)
def test_connections_that_are_opened_again(more: int, errors: dict[str, int], why: str) -> None:
    found = verdict_of(seen_by(wrk_result(HEALTHY, errors=errors), opened=201 + more))
    assert found.outcome == Outcome.DEGRADED
    assert "reconnected" in found.rules
    assert f"opened {200 + more:,} connections instead of 200{why}" in found.reason


@pytest.mark.parametrize(
    ("opened", "why"), [(201, "some connections hung"), (20_201, "the rest went into reconnecting")]
)
def test_why_the_connections_were_not_busy(opened: int, why: str) -> None:
    half = closed_loop(40_000, connections=100, rng=random.Random(2))
    assert verdict_of(seen_by(wrk_result(half), opened=opened)).reason.endswith(f": {why}")


def test_connections_that_are_not_let_in_before_the_end_are_no_hang() -> None:
    # sanic, measured for 2 s: 85 of 200 connections let in, one a turn, the last at the very end
    rng = random.Random(6)
    batches: Counter[int] = Counter()
    for number in range(85):
        waited = round(1_990_000 * (number + 1) / 85)
        batches += closed_loop(40_000, connections=1, duration_us=2_050_000 - waited, rng=rng)
        batches += Counter([waited])
    result = wrk_result(batches, duration_us=2_090_000)
    measurement = facts_of(record(result))
    assert measurement.totals
    assert measurement.totals.busy < 0.5
    assert judge(measurement, Context()).outcome == Outcome.OK
    # who reconnects is not waiting in line
    again = seen_by(result, opened=5000)
    again["generators"][0]["measured"]["cpu_s"] = 0.1
    assert verdict_of(again).rules == ("reconnected", "busy")


def test_the_end_of_a_short_window_is_told_late() -> None:
    # aiohttp, measured for 1 s: wrk's threads stopped in time, and its clock a tick later
    batches = closed_loop(30_000, connections=100, duration_us=970_000, rng=random.Random(3))
    late = batches + Counter({985_000: 1})
    assert verdict_of(record(wrk_result(late, duration_us=1_100_000))).outcome == Outcome.OK


@pytest.mark.parametrize(
    ("tail", "opened", "told"),
    [
        (200, 201, "answered 1 of 5 in each batch, then hung on all 200 connections"),
        (800, 201, "answered 4 of 5 in each batch, then hung on all 200 connections"),
        (333, 201, "answered 333 requests on 200 connections in 5.0 s, but not one batch of 5"),
        (800, 900, "answered 800 requests on 200 connections in 5.0 s, but not one batch of 5"),
    ],
)
def test_a_hang_in_the_first_batch_is_told_as_far_as_it_is_known(
    tail: int, opened: int, told: str
) -> None:
    found = verdict_of(seen_by(wrk_result({}, tail=tail), opened=opened, silent_from=1.0))
    assert found.outcome == Outcome.FAILED
    assert found.reason.startswith(told)


@pytest.mark.parametrize(
    ("last_received_ms", "outcome"), [(3_800, Outcome.FAILED), (10, Outcome.DEGRADED)]
)
def test_a_hang_in_the_first_batch_is_seen_beside_other_traffic(
    last_received_ms: int, outcome: Outcome
) -> None:
    # the interface receives all the time; what the connections received is another matter
    document = seen_by(wrk_result({}, tail=800))
    document["generators"][0]["connections"] = packed_connections(
        {
            "at": START + 3 + 4.8,
            "received_bytes": [5 * RESPONSE_BYTES - 5] * 200,
            "last_sent_ms": [4_000] * 200,
            "last_received_ms": [last_received_ms] * 200,
        }
    )
    assert verdict_of(document).outcome == outcome


def test_what_came_after_the_connections_were_looked_at_is_no_silence() -> None:
    document = seen_by(wrk_result({}, tail=800))
    document["generators"][0]["connections"] = packed_connections(
        {
            "at": START + 3 + 4.8,
            "received_bytes": [0] * 200,
            "last_sent_ms": [4_800] * 200,
            "last_received_ms": [4_800] * 200,
        }
    )
    assert verdict_of(document).outcome == Outcome.DEGRADED


def test_a_window_too_short_for_one_batch_is_no_hang() -> None:
    # tornado at depth 64 on 1,024 connections: answers all the time, and no batch before the end
    found = verdict_of(seen_by(wrk_result({}, tail=600)))
    assert found == Judgement(
        Outcome.DEGRADED,
        "answered 600 requests on 200 connections up to the end of 5.0 s, but not one batch of 5 "
        "in full: the window is too short",
        ("no_batches",),
    )


def test_a_server_that_hangs_half_way() -> None:
    half = closed_loop(40_000, duration_us=2_500_000, rng=random.Random(2))
    found = verdict_of(seen_by(wrk_result(half), silent_from=2.5))
    assert found.outcome == Outcome.FAILED
    answers = 5 * sum(half.values())
    assert found.reason.startswith(
        f"hung on all 200 connections after {answers:,} answers: "
        "nothing came in the last 2.5 of 5.0 s"
    )


@pytest.mark.parametrize(("batch_us", "silent_from"), [(40_000, 4.4), (900_000, 3.2)])
def test_a_short_silence_or_a_long_batch_is_no_hang(batch_us: int, silent_from: float) -> None:
    batches = closed_loop(batch_us, rng=random.Random(3))
    found = verdict_of(seen_by(wrk_result(batches), silent_from=silent_from))
    assert "hung" not in found.rules


def with_memory(levels: list[float]) -> dict[str, Any]:
    """The unit's memory at even moments of the window, MiB."""
    rows = samples(0.97)
    for row in rows:
        into = min(max(0.0, row["t"] - START - 3), 5) / 5 * (len(levels) - 1)
        low = min(int(into), len(levels) - 2)
        level = levels[low] + (levels[low + 1] - levels[low]) * (into - low)
        row["unit_rss_bytes"] = round(level * MIB)
    return record(wrk_result(HEALTHY), server=server(samples=columns(rows)))


def test_memory_that_grows_all_the_time() -> None:
    found = verdict_of(with_memory([56, 170]))
    assert found.rules == ("memory",)
    assert found.outcome == Outcome.DEGRADED
    assert found.reason.startswith("its memory grew all the time, from 56 to 170 MiB in 5.0 s, ")
    assert found.reason.endswith(" bytes a request: it leaks")


@pytest.mark.parametrize("runtime", [None, "go", "PyPy 3.11", "OpenJDK 21"])
def test_a_heap_before_its_first_collection_is_remarked_on(runtime: str | None) -> None:
    """It grows as a leak does, so that nobody is accused."""
    grows = with_memory([40, 90])
    assert verdict_of(grows, runtime=runtime).outcome == Outcome.OK
    (remark,) = growing(facts_of(grows))
    assert remark.sentence.startswith("its memory grew all the time, from 40 to 90 MiB in 5.0 s")


@pytest.mark.parametrize(
    ("cores", "workers", "words"),
    [
        (3.8, 1, "it used 3.80 cores with 1 worker, so it has no rank"),
        (3.8, 2, "it used 3.80 cores with 2 workers, so it has no rank"),
        (1.15, 1, None),
        (3.8, 4, None),
    ],
)
def test_more_cores_than_workers_are_remarked_on(
    cores: float, workers: int, words: str | None
) -> None:
    wide = server(samples=columns(samples(cores)), cpus=8, host_cpus=8)
    measurement = facts_of(record(server=wide, workers=workers))
    assert [one.sentence for one in wider_than_workers(measurement)] == ([words] if words else [])


@pytest.mark.parametrize(
    "levels",
    [
        [50, 50],
        [10, 20],  # much of little
        [500, 600],  # little of much
        [30, 90, 91, 92, 93],  # caches that are filled
        [30, 31, 32, 33, 120],  # one leap
        [30, 90, 50, 100, 60],  # a garbage collector's saw
        [170, 56],
    ],
)
def test_memory_that_does_not_leak(levels: list[float]) -> None:
    assert verdict_of(with_memory(levels)).outcome == Outcome.OK


def line(into: float, text: str, who: str = "start[4242]") -> str:
    """A journal's line, so many seconds after the load began."""
    moment = datetime.fromtimestamp(START + 0.8 + into, UTC).isoformat(timespec="microseconds")
    return f"{moment} lab-server {who}: {text}"


def test_a_server_that_complains_under_load() -> None:
    journal = "\n".join(
        [line(-0.5, "listening"), line(1, "Task exception was never retrieved"), line(1.1, "again")]
    )
    found = verdict_of(record(server=server(journal=journal)))
    assert found == Judgement(
        Outcome.DEGRADED,
        "wrote 2 lines into its journal under load, the first: Task exception was never retrieved",
        ("journal",),
    )


@pytest.mark.parametrize(
    "text",
    [
        "WARNING:tornado.access:404 GET /missing-123456-7 (198.18.0.21) 0.42ms",
        "Not Found: /missing-123456-7",
        '198.18.0.21 - - "GET / HTTP/1.1" 404 -',
    ],
)
def test_what_the_verification_asks_for_is_no_fault_of_the_server(text: str) -> None:
    journal = line(1.0, text)
    asked: dict[str, Any] = {"phases": {}, "first_wrong": None}
    part = generator(wrk(wrk_result(HEALTHY)), verification=asked)
    verified = record(generators=[part], server=server(journal=journal))
    assert verdict_of(verified).outcome == Outcome.OK
    # by wrk, which asks for nothing else than `/`, it would be
    assert verdict_of(record(server=server(journal=journal))).rules == ("journal",)


@pytest.mark.parametrize(
    "journal",
    [
        None,
        line(-0.5, "listening"),
        line(9, "stopping"),
        line(1, "Started the unit", who="systemd[1]"),
        "-- No entries --",
        "Nov 23 12:00:00.000000 lab-server start[4242]: a time without a year tells nothing",
    ],
)
def test_a_journal_that_says_nothing_under_load(journal: str | None) -> None:
    assert verdict_of(record(server=server(journal=journal))).outcome == Outcome.OK


def probed(*cases: dict[str, Any]) -> Conformance:
    return probe_of(typed(probe_record(list(cases)), ProbeRecord), "20260101T000000Z-abcd")


def test_a_framework_that_fails_what_the_measurement_relies_on_is_degraded() -> None:
    wrong = {"detail": "answer 1 of 16: the body is b'no'"}
    probe = probed(
        case("single", "wrong body", **wrong),
        case("pipelined", "wrong body", **wrong),
        case("keep-alive", "closes", detail="answered 5 of 250, then closed"),
    )
    assert verdict_of(record(), probe) == Judgement(
        Outcome.DEGRADED,
        "probe: pipelined: wrong body, answer 1 of 16: the body is b'no' (also single); "
        "keep-alive: closes, answered 5 of 250, then closed",
        ("probe",),
    )


@pytest.mark.parametrize(
    "seen",
    [
        case("http-1.0", "stays open"),
        case("pipelined", "slow", conforms=None),
        case("pipelined", "not probed", conforms=None, answered=None, expected=None),
    ],
)
def test_what_no_measurement_relies_on_or_nobody_knows_is_no_reason(seen: dict[str, Any]) -> None:
    assert verdict_of(record(), probed(seen)).outcome == Outcome.OK


def test_the_probe_says_nothing_of_what_the_harness_did() -> None:
    probe = probed(case("pipelined", "hangs"))
    found = verdict_of(record(generators=[], harness_fault="wrk: host did not answer"), probe)
    assert found.rules == ("harness_fault",)


def test_who_closes_may_have_responses_of_two_sizes() -> None:
    result = wrk_result(HEALTHY)
    result["bytes"] = BATCHES * (4 * 77 + 96)
    measurement = facts_of(seen_by(result, opened=201 + BATCHES))
    found = judge(measurement, Context(response_size=ResponseSize(80, exact=False)))
    assert found.rules == ("reconnected", "response_size")
    assert found.reason.endswith(
        " responses are not all of one size: 80.8 bytes on average, "
        "as if some announced that the connection closes"
    )
