"""Each rule on a record that breaks it, and none on a healthy one."""
# ruff: noqa: S311

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from pipebench.measure.measurement import GeneratorLoad, Measurement
from pipebench.measure.unit import log_end
from pipebench.rules.bottleneck import LimitedBy, bottleneck_of
from pipebench.rules.outcome import Context, Judgement, ResponseSize, judge
from pipebench.rules.rule import Outcome
from pipebench.run.judge import response_sizes
from pipebench.tools.wrk import connections_of
from tests.unit.pipebench.factory import (
    START,
    closed_loop,
    generator,
    measurement_of,
    record,
    samples,
    server,
    state,
    wrk,
    wrk_result,
)

HEALTHY = closed_loop(40_000, rng=random.Random(5))


def facts_of(document: dict[str, Any]) -> Measurement:
    return measurement_of(document)


def verdict_of(
    document: dict[str, Any], size: int | None = None, *, exact: bool = True
) -> Judgement:
    seen = None if size is None else ResponseSize(size, exact)
    return judge(facts_of(document), Context(response_size=seen))


def crashed(how: dict[str, Any], dies_at: float = START + 0.9, **other: Any) -> dict[str, Any]:
    ended = state(ActiveState="failed", **how)
    refused = wrk(None, exit_status=1, stdout="unable to connect to x:8080 Connection refused\n")
    nothing = wrk_result({}, duration_us=2_000_000, errors={"write": 499613})
    warmup = wrk(nothing, started=START + 0.8, seconds=2)
    return record(
        server=server(state=ended, exited_at=dies_at, samples=samples(0.1, dies_at=dies_at)),
        generators=[generator(refused, warmup=warmup)],
        **other,
    )


@pytest.mark.parametrize("depth", [1, 2, 5, 16, 64])
@pytest.mark.parametrize("mean_us", [5_000, 40_000, 450_000])
def test_a_healthy_server_is_not_accused(depth: int, mean_us: int) -> None:
    rng = random.Random(depth * mean_us)
    batches = closed_loop(mean_us, rng=rng)
    tail = rng.randrange(200 * (depth - 1) + 1)
    assert verdict_of(record(wrk_result(batches, depth=depth, tail=tail)), 145) == Judgement(
        Outcome.OK, ""
    )


def test_a_fault_of_the_harness_is_no_result() -> None:
    found = verdict_of(record(generators=[], harness_fault="wrk on a: host did not answer"))
    assert found.outcome == Outcome.INVALID
    assert found.reason == "harness fault: wrk on a: host did not answer"


def test_a_framework_that_could_not_be_deployed() -> None:
    deployment = {"available": False, "reason": "no CPython 3.7", "log": "…"}
    found = verdict_of(record(deployment=deployment, server=None, generators=[]))
    assert found == Judgement(
        Outcome.UNAVAILABLE, "could not be deployed: no CPython 3.7", ("unavailable",)
    )


def test_a_server_that_did_not_start() -> None:
    stopped = state(ActiveState="failed", ExecMainCode=1, ExecMainStatus=1, Result="exit-code")
    found = verdict_of(
        record(
            server=server(
                ready=False, ready_error="ended before it answered", state=stopped, samples=[]
            ),
            generators=[],
        )
    )
    assert found.outcome == Outcome.FAILED
    assert found.reason == "did not start: ended before it answered; exited with status 1"


def test_a_server_that_the_generator_cannot_reach() -> None:
    silent = generator(None, warmup=None, ready_error="no answer within 5 s")
    found = verdict_of(record(generators=[silent]))
    assert found.outcome == Outcome.FAILED
    assert found.reason == "did not start: lab-loadgen: no answer within 5 s"


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"Result": "core-dump", "ExecMainCode": 3, "ExecMainStatus": 6}, "crashed with SIGABRT"),
        ({"Result": "signal", "ExecMainCode": 2, "ExecMainStatus": 11}, "crashed with SIGSEGV"),
        ({"Result": "signal", "ExecMainCode": "2", "ExecMainStatus": "11"}, "crashed with SIGSEGV"),
        (
            {"Result": "oom-kill", "ExecMainCode": 2, "ExecMainStatus": 9},
            "crashed with SIGKILL (out of memory)",
        ),
        ({"Result": "exit-code", "ExecMainCode": 1, "ExecMainStatus": 3}, "exited with status 3"),
        ({"Result": "timeout"}, "the unit was found failed (timeout)"),
    ],
)
def test_a_unit_that_ended_by_itself(how: dict[str, Any], told: str) -> None:
    found = verdict_of(crashed(how))
    assert found.outcome == Outcome.FAILED
    assert found.reason == f"{told} 0.1 s into the warm-up; 0 requests answered before"


@pytest.mark.parametrize(
    ("dies_at", "when"),
    [
        (START + 0.6, "before the load"),
        (START + 2.85, "after the warm-up"),
        (START + 4.4, "1.4 s into the measurement"),
        (START + 8.35, "after the measurement"),
    ],
)
def test_when_it_ended(dies_at: float, when: str) -> None:
    document = crashed({"ExecMainCode": 2, "ExecMainStatus": 11}, dies_at)
    assert verdict_of(document).reason.startswith(f"crashed with SIGSEGV {when};")


def test_a_process_that_was_replaced() -> None:
    found = verdict_of(record(server=server(state=state(NRestarts=2, ExecMainPID=5000))))
    assert found == Judgement(
        Outcome.FAILED, "its process was replaced 2 times under load", ("restarted",)
    )


def test_status_0_with_0_requests_is_not_ok() -> None:
    document = record(wrk_result({}))
    assert document["generators"][0]["measured"]["exit_status"] == 0
    found = verdict_of(document)
    assert found == Judgement(Outcome.FAILED, "0 requests answered in 5.0 s", ("no_requests",))


def test_one_answer_a_connection_and_then_nothing() -> None:
    found = verdict_of(record(wrk_result({}, tail=200)))
    assert found.outcome == Outcome.FAILED
    assert found.reason == (
        "answered 200 requests on 200 connections in 5.0 s, but not one batch of 5 in full"
    )


def test_errors_that_wrk_counted() -> None:
    found = verdict_of(record(wrk_result(HEALTHY, errors={"read": 26461, "timeout": 0})))
    assert found == Judgement(Outcome.DEGRADED, "wrk counted errors: 26,461 read", ("tool_errors",))


@pytest.mark.parametrize(("tail", "slack"), [(801, "801"), (-5, "-5")])
def test_responses_that_no_batch_explains(tail: int, slack: str) -> None:
    found = verdict_of(record(wrk_result(HEALTHY, tail=tail)))
    assert found.outcome == Outcome.DEGRADED
    assert found.reason == (
        f"{slack} responses beyond whole batches of 5 (0 to 800 on 200 connections are possible)"
    )


def test_connections_that_hang_while_others_go_on() -> None:
    half = closed_loop(40_000, connections=100, rng=random.Random(2))
    found = verdict_of(record(wrk_result(half)))
    assert found.rules == ("busy",)
    assert found.reason.startswith("its batches fill 0.50 of the connections' time")


@pytest.mark.parametrize(("batch_us", "rules"), [(1_000, ()), (20_000, ("busy",))])
def test_a_generator_that_needs_a_while_between_short_batches(
    batch_us: int, rules: tuple[str, ...]
) -> None:
    """0.85 of the time in batches: of 1 ms, that is 0.18 ms between two; of 20 ms, it is not."""
    count = round(0.85 * 200 * 5_000_000 / batch_us)
    execution = wrk(wrk_result(Counter({batch_us: count})), cpu_s=0.5)
    assert verdict_of(record(generators=[generator(execution)])).rules == rules


@pytest.mark.parametrize(("cores", "rules"), [(1.9, ()), (0.1, ("busy",)), (None, ("busy",))])
def test_a_generator_with_many_connections_a_thread(
    cores: float | None, rules: tuple[str, ...]
) -> None:
    """Half of the time in batches of 1.3 ms, of 200 connections on two threads of a busy wrk."""
    count = round(0.5 * 200 * 5_000_000 / 1_300)
    measurement = facts_of(record(wrk_result(Counter({1_300: count}))))
    driven = replace(measurement, threads=2, loads=[GeneratorLoad("lab-loadgen", cores, 2, 2)])
    assert judge(driven, Context()).rules == rules


def test_connections_that_are_let_in_late_are_no_hang() -> None:
    # one connection is accepted in every turn of a slow loop: its first batch waits for that
    rng = random.Random(4)
    batches: Counter[int] = Counter()
    for number in range(1, 201):
        waited = number * 12_000
        if waited < 2_000_000:
            batches += closed_loop(
                22_000, connections=1, duration_us=2_000_000 - waited, rng=rng
            ) + Counter([waited])
    result = wrk_result(batches, duration_us=2_000_000)
    measurement = facts_of(record(result))
    assert measurement.totals
    assert measurement.totals.busy < 0.9
    assert judge(measurement, Context()).outcome == Outcome.OK


def test_more_batches_than_there_was_time_for() -> None:
    twice = closed_loop(40_000, connections=400, rng=random.Random(2))
    found = verdict_of(record(wrk_result(twice)))
    assert found.rules == ("busy",)
    assert found.reason.endswith(": more time than there was")


@pytest.mark.parametrize(
    ("connections", "others", "rules"),
    [
        (160, 0.1, ("busy",)),
        (160, 1.4, ()),
        (216, 0.1, ("busy",)),
        (216, 1.4, ()),
        (100, 1.4, ("busy",)),
        (100, None, ("busy",)),
    ],
)
def test_a_neighbour_of_the_generator_is_no_hang(
    connections: int, others: float | None, rules: tuple[str, ...]
) -> None:
    """So many of 200 connections' time in batches, while others took so many of its two CPUs."""
    batches = closed_loop(40_000, connections=connections, rng=random.Random(2))
    measurement = facts_of(record(wrk_result(batches)))
    [usage] = measurement.generator_usages
    assert usage
    disturbed = replace(measurement, generator_usages=[replace(usage, other_cores=others)])
    assert judge(disturbed, Context()).rules == rules


def test_responses_of_another_size() -> None:
    document = record(wrk_result(HEALTHY, response_bytes=90))
    answers = document["generators"][0]["measured"]["result"]["requests"]
    assert verdict_of(document, 145).reason == (
        f"each of its {answers:,} responses has 90 bytes; in its other measurements, 145"
    )
    assert verdict_of(document, 90).outcome == Outcome.OK
    assert verdict_of(document, None).outcome == Outcome.OK


ANSWERS = 5 * 20_000


@pytest.mark.parametrize(
    ("count", "exact", "said"),
    [
        (
            ANSWERS * 80 + 800 * 80,
            True,
            (
                "sent 64,000 bytes (0.8 %) more than its 100,000 responses of 80 bytes have: "
                "as many as one response too many in every 125"
            ),
        ),
        (
            # a header more in one of five
            ANSWERS * 80 + 19_990 * 19,
            True,
            (
                "sent 379,810 bytes (4.7 %) more than its 100,000 responses of 80 bytes have: "
                "some were longer, or were followed by bytes that belong to no response"
            ),
        ),
        (
            ANSWERS * 80 - 500 * 8,
            True,
            (
                "sent 4,000 bytes (0.05 %) fewer than its 100,000 responses of 80 bytes have: "
                "some were cut short, or were other responses"
            ),
        ),
        (
            # 77 bytes, and 96 where the last of five says that it closes: 80.8
            20_000 * (4 * 77 + 96),
            False,
            "its 100,000 responses are not all of one size: 80.8 bytes on average",
        ),
    ],
)
def test_what_the_bytes_of_the_responses_say(count: int, exact: bool, said: str) -> None:
    result = wrk_result(Counter({50_000: 20_000}))
    assert result["requests"] == ANSWERS
    found = verdict_of(record(result | {"bytes": count}), 80, exact=exact)
    assert found == Judgement(Outcome.DEGRADED, said, ("response_size",))
    # what the end cut off may be there in part
    cut = verdict_of(record(result | {"bytes": ANSWERS * 80 + 199 * 79}), 80, exact=exact)
    assert cut.outcome == Outcome.OK


def test_a_response_cut_off_at_the_end_does_not_change_the_size() -> None:
    cut = wrk_result(HEALTHY)
    cut["bytes"] += 199 * 144
    documents = [record(cut), record(wrk_result(HEALTHY), round=2)]
    measurement = [facts_of(document) for document in documents]
    assert response_sizes(measurement) == {("main", "one"): ResponseSize(145, exact=True)}
    assert response_sizes(measurement[:1]) == {("main", "one"): ResponseSize(145, exact=False)}
    assert verdict_of(documents[0], 145).outcome == Outcome.OK


def test_a_histogram_that_cannot_be_undone_makes_the_record_invalid() -> None:
    result = wrk_result(HEALTHY)
    result["latency"]["histogram"][-1][1] += 9999
    found = verdict_of(record(result))
    assert found.outcome == Outcome.INVALID
    assert "cannot be undone" in found.reason


def test_a_counter_that_went_backwards_makes_the_record_invalid() -> None:
    taken = samples(0.97)
    taken[50]["unit_cpu_us"] = 5
    assert verdict_of(record(server=server(samples=taken))).rules == ("unusable",)


def test_wrk_that_could_not_do_its_work() -> None:
    broken = wrk(None, exit_status=1, stdout="", stderr="pipeline.lua: no\n")
    found = verdict_of(record(generators=[generator(broken)]))
    assert found.outcome == Outcome.INVALID
    assert found.reason == "wrk ended with status 1 and no result: pipeline.lua: no"
    refused = wrk(None, exit_status=1, stdout="unable to connect to x:1 Connection refused\n")
    assert verdict_of(record(generators=[generator(refused)])).outcome == Outcome.FAILED


def test_a_record_that_holds_nothing_must_say_why() -> None:
    assert verdict_of(record(generators=[])).rules == ("not_measured",)


@pytest.mark.parametrize(
    ("cores", "cpus", "wrk_s", "limit"),
    [
        (0.97, 2, 2.5, LimitedBy.SERVER),
        (0.97, 2, 9.9, LimitedBy.GENERATOR),  # both are, wrk the nearer
        (0.50, 2, 9.2, LimitedBy.GENERATOR),
        (0.50, 2, 2.5, LimitedBy.UNKNOWN),
        (0.97, None, 2.5, LimitedBy.UNKNOWN),
        (None, 2, 2.5, LimitedBy.UNKNOWN),
        (None, 2, None, LimitedBy.UNKNOWN),
        (None, 2, 9.9, LimitedBy.GENERATOR),
    ],
)
def test_what_limited_it(
    cores: float | None, cpus: int | None, wrk_s: float | None, limit: LimitedBy
) -> None:
    taken = samples(cores) if cores else []
    document = record(
        server=server(samples=taken, cpus=cpus),
        generators=[generator(wrk(wrk_result(HEALTHY), cpu_s=wrk_s))],
    )
    assert bottleneck_of(facts_of(document)).limit == limit


def test_two_generators_are_one_measurement() -> None:
    half = closed_loop(40_000, connections=100, rng=random.Random(9))
    measured = wrk(wrk_result(half, connections=100), connections=100)
    document = record(generators=[generator(measured), generator(measured, host="other")])
    measurement = facts_of(document)
    assert measurement.totals
    assert measurement.totals.latency
    assert measurement.totals.latency.batches == 2 * sum(half.values())
    assert measurement.generator_cpu_cores == pytest.approx(1.0)
    assert judge(measurement, Context()).outcome == Outcome.OK


def two_generators(offset_s: float = 0, later_s: float = 0, **other: Any) -> dict[str, Any]:
    """A record of two halves; the second generator's clock is behind, and it began later."""
    half = closed_loop(40_000, connections=100, rng=random.Random(9))
    result = wrk_result(half, connections=100)
    started = START + 3 + later_s - offset_s
    second = generator(wrk(result, connections=100, started=started), host="other", **other)
    if offset_s:
        second["clock_offset_s"] = offset_s
        for sample in second["samples"]:
            sample["t"] -= offset_s
    return record(generators=[generator(wrk(result, connections=100)), second])


def test_a_clock_that_is_behind_changes_nothing_once_it_is_known() -> None:
    known = facts_of(two_generators())
    for offset_s in (3.0, -3.0):
        moved = facts_of(two_generators(offset_s=offset_s))
        assert moved.totals == known.totals
        assert moved.start_spread_s == pytest.approx(known.start_spread_s, abs=1e-6)
        assert moved.server_cpu_us == pytest.approx(known.server_cpu_us)
        assert moved.pace == pytest.approx(known.pace)
        assert moved.moments.closed == pytest.approx(known.moments.closed)


@pytest.mark.parametrize(
    ("later_s", "said"),
    [
        (0.004, []),
        (0.06, ["the load generators began 60 ms apart",
                "in 1.2% of the window not every load generator made load"]),
    ],
)  # fmt: skip
def test_generators_that_began_apart_are_said(later_s: float, said: list[str]) -> None:
    measurement = facts_of(two_generators(later_s=later_s))
    assert measurement.start_spread_s == pytest.approx(later_s, abs=1e-6)
    names = ("started apart", "windows apart")
    disturbances = bottleneck_of(measurement).disturbances
    assert [one.sentence for one in disturbances if one.name in names] == said


@pytest.mark.parametrize("step_s", [0.5, -0.02])
def test_a_clock_that_was_set_meanwhile_makes_the_record_invalid(step_s: float) -> None:
    measurement = facts_of(two_generators(clock_step_s=step_s))
    judgement = judge(measurement, Context())
    assert judgement.outcome == Outcome.INVALID
    assert f"the clock of other was set by {step_s:+.3f} s" in judgement.reason
    assert judge(facts_of(two_generators(clock_step_s=0.001)), Context()).outcome == Outcome.OK


@pytest.mark.parametrize(
    ("argv", "connections"),
    [
        (["wrk", "-c200"], 200),
        (["wrk", "-c", "16"], 16),
        (["wrk", "--connections=64"], 64),
        (["wrk", "--connections", "64"], 64),
        (["wrk", "-t2", "--", "-c5"], None),
        ([], None),
    ],
)
def test_connections_as_given_to_wrk(argv: list[str], connections: int | None) -> None:
    assert connections_of(argv) == connections


def test_the_end_of_a_log_is_plain_and_short() -> None:
    assert log_end("\x1b[31mred\x1b[0m\r\n\x00two  \n\n") == "red\ntwo"
    assert log_end("\n".join(map(str, range(100)))).splitlines()[0] == "70"
    assert len(log_end("x" * 10_000)) == 4000
