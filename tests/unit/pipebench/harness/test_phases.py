"""What is asked of which host in each phase, in which order, and what becomes of the answers."""

from __future__ import annotations

import gzip
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pipebench.harness.answers import Turn, checked_in
from pipebench.harness.execution import Hosts
from pipebench.harness.host_program import Call
from pipebench.harness.interrupt import Interrupted, end_everything, interruptible
from pipebench.harness.phases import measure, path, probe
from pipebench.harness.recovery import Recovery
from pipebench.harness.tuning import put_back, tune
from pipebench.hosts.owner import owner_of
from pipebench.plan.earlier_run import Resumption
from tests.progress import checked
from tests.unit.pipebench.harness.answers import (
    CLOCK,
    H2LOAD,
    LOAD,
    STARTED,
    CannedHost,
    hosts,
    on_testbed,
    run_of,
)

GONE = {"unreachable": True, "msg": "no route"}


def asked(host: Any) -> list[str]:
    """The programs that a host was asked for, with their state and tool; not those of clocks."""
    words = ("state", "tool")
    return [
        " ".join([call.program, *(call.order[word] for word in words if word in call.order)])
        for call in calls(host)
    ]


def calls(host: Any) -> list[Call]:
    return [call for call in host.asked if call.program != "host.clock"]


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(gzip.decompress(one.read_bytes())) for one in sorted(folder.iterdir())]


def test_each_measurement_starts_loads_and_stops(tmp_path: Path) -> None:
    on, said = hosts(), list[str]()
    assert measure(on_testbed(run_of(tmp_path), on, said)) == {}
    assert asked(on.server) == ["server.unit started", "server.unit stopped"] * 2
    assert asked(on.generators[0]) == ["generator.load wrk"] * 2
    start, stop = (call.order for call in calls(on.server)[:2])
    assert (start["name"], start["workers"], start["port"]) == ("aiohttp", 1, 8080)
    assert (stop["name"], stop["since"]) == ("aiohttp", STARTED["started_at"])
    load = calls(on.generators[0])[0].order
    assert (load["depth"], load["connections"], load["rate"]) == (5, 200, None)
    assert [record["round"] for record in records(tmp_path / "raw")] == [1, 2]
    assert [line[:5] for line in said] == ["[1/2]", "[2/2]"]


def test_whatever_parses_what_a_server_sends_is_a_throw_away_user(tmp_path: Path) -> None:
    run = run_of(tmp_path, bench_tools=["wrk", "h2load"], bench_rate_share=0.5)
    on = hosts()
    on.server.answers |= {"host.path started": {"ready": True}, "host.path stopped": {}}
    on.generators[0].answers["host.path measured"] = {}
    made = on_testbed(run, on, [])
    for phase in (path, probe, measure):
        phase(made)
    asked_for = {(call.program, call.order.get("user")) for call in calls(on.generators[0])}
    programs = ("generator.load", "generator.probe", "host.path")
    assert asked_for == {(program, "throw-away") for program in programs}


@pytest.mark.parametrize(
    "started", [STARTED | {"ready": False, "ready_error": "ended"}, {"failed": True, "msg": "no"}]
)
def test_a_server_that_is_not_ready_is_stopped_without_a_load(
    tmp_path: Path, started: dict[str, Any]
) -> None:
    on = hosts(started=started)
    measure(on_testbed(run_of(tmp_path, bench_rounds=1), on, []))
    assert asked(on.server) == ["server.unit started", "server.unit stopped"]
    assert asked(on.generators[0]) == []
    assert records(tmp_path / "raw")[0]["generators"] == []


def test_of_what_could_not_be_deployed_no_host_is_asked(tmp_path: Path) -> None:
    on, why = hosts(), {"reason": "no CPython 3.7", "log": ""}
    made = on_testbed(run_of(tmp_path), on, [], unavailable={"aiohttp": why})
    measure(made)
    probe(made)
    assert calls(on.server) == []
    (first, second) = records(tmp_path / "raw")
    assert first["deployment"] == second["deployment"] == {"available": False} | why
    assert (tmp_path / "probe" / "main_aiohttp_w1.json").exists()


def test_what_is_found_missing_on_the_host_is_a_record(tmp_path: Path) -> None:
    why = {"reason": "it is not deployed on this host", "log": ""}
    on = hosts(started={"unavailable": why})
    measure(on_testbed(run_of(tmp_path, bench_rounds=1), on, []))
    assert asked(on.server) == ["server.unit started"]
    (record,) = records(tmp_path / "raw")
    assert (record["deployment"]["reason"], record["harness_fault"]) == (why["reason"], None)


def test_tools_take_turns_in_being_first_and_then_keep_a_rate(tmp_path: Path) -> None:
    run = run_of(tmp_path, bench_tools="wrk,h2load", bench_rate_share=0.5)
    on = hosts(load=[LOAD, *[LOAD | {"measured": H2LOAD}] * 2, LOAD, LOAD | {"measured": H2LOAD}])
    measure(on_testbed(run, on, []))
    generator = on.generators[0]
    tools = [call.order["tool"] for call in calls(generator)]
    assert tools == ["wrk", "h2load", "h2load", "wrk", "h2load"]
    rates = [call.order["rate"] for call in calls(generator)]
    assert rates == [None] * 4 + [1000.0]  # half of 2,000 requests/s
    assert len(list((tmp_path / "crosscheck").iterdir())) == 3


@pytest.mark.parametrize("seed", range(6))
def test_the_answers_of_each_cell_are_checked_once(tmp_path: Path, seed: int) -> None:
    """In a window of its own, which the server cannot tell from a measurement."""
    run = run_of(
        tmp_path, bench_check_answers=True, bench_rounds=3, bench_depths=[5, 6, 7],
        bench_order_seed=seed,
    )  # fmt: skip
    on, said = hosts(), list[str]()
    measure(on_testbed(run, on, said))
    orders = [dict(call.order) for call in calls(on.generators[0])]
    checks = [one for one in orders if one.pop("check", False)]
    assert len(orders) == 12
    assert sorted(one["depth"] for one in checks) == [5, 6, 7]
    for check in checks:  # otherwise the same is asked, of the generator and of the server
        assert orders.count(check) == 4
    starts = [call.order for call in calls(on.server) if call.order["state"] == "started"]
    assert all(one == starts[0] for one in starts)
    kept = records(tmp_path / "answers")
    assert [one["tool"] for one in kept] == ["wrk"] * 3
    assert sum("checked" in line for line in said) == 3
    assert len(records(tmp_path / "raw")) == 9


def test_where_a_cell_is_checked_differs(tmp_path: Path) -> None:
    turns = set()
    for seed in range(40):
        run = run_of(tmp_path, bench_rounds=3, bench_order_seed=seed)
        turn = checked_in(run, run.rounds[0][0])
        assert turn == checked_in(run, run.rounds[2][0])
        turns.add(turn)
    assert turns == {Turn(number, first) for number in (1, 2, 3) for first in (True, False)}


def test_of_extended_rounds_one_that_is_always_measured_is_checked(tmp_path: Path) -> None:
    extended = {"min": 6, "max": 20, "until_relative_width": 0.05}
    for seed in range(40):
        run = run_of(tmp_path, bench_rounds=extended, bench_order_seed=seed)
        assert checked_in(run, run.rounds[0][0]).round <= 6


def test_what_is_checked_is_not_checked_again(tmp_path: Path) -> None:
    run = run_of(tmp_path, bench_check_answers=True, bench_rounds=2)
    measure(on_testbed(run, hosts(), []))
    on = hosts()
    measure(on_testbed(replace(run, resumption=Resumption(at=None)), on, []))
    assert calls(on.generators[0]) == []
    next((tmp_path / "answers").iterdir()).unlink()
    measure(on_testbed(replace(run, resumption=Resumption(at=None)), on, []))
    assert [call.order["check"] for call in calls(on.generators[0])] == [True]


def test_a_testbed_without_its_generator_is_given_up_and_stays_so(tmp_path: Path) -> None:
    on, said = hosts(load=GONE), list[str]()
    made = on_testbed(
        run_of(tmp_path, bench_rounds=8), on, said, recovery=Recovery(pauses_s=[0, 0])
    )
    assert measure(made) == {}
    assert len(calls(on.generators[0])) == 5
    assert "Testbed main is given up: 5 faults" in said[-1]
    events = [line["event"] for line in checked(tmp_path / "progress.jsonl")]
    assert events.count("harness_fault") == 5
    assert events[-1] == "testbed_given_up"
    made = on_testbed(run_of(tmp_path), on, said, recovery=made.recovery)
    probe(made)
    path(made)
    assert len(calls(on.generators[0])) == 5


def test_a_generator_that_comes_back_is_measured_with_again(tmp_path: Path) -> None:
    on = hosts(load=[GONE] * 3 + [LOAD])
    made = on_testbed(run_of(tmp_path, bench_rounds=8), on, [], recovery=Recovery([0]))
    measure(made)
    faults = [bool(record["harness_fault"]) for record in records(tmp_path / "raw")]
    assert faults == [True] * 3 + [False] * 5
    assert made.recovery.given_up == ""


def test_only_frameworks_are_probed(tmp_path: Path) -> None:
    run = run_of(
        tmp_path, bench_framework_dirs="servers", bench_controls=True, bench_workers=[1, 2]
    )
    on, said = hosts(), list[str]()
    probe(on_testbed(run, on, said))
    assert [line.split(":")[0] for line in said] == [
        "probe 1/2 aiohttp, 1 worker",
        "probe 2/2 aiohttp, 2 workers",
    ]
    assert on.generators[0].asked[0].order["depth"] == 5


def test_the_path_is_measured_only_if_it_is_asked_for(tmp_path: Path) -> None:
    answers = {"host.path started": {"ready": True}, "host.path stopped": {}}
    on = hosts()._replace(
        server=CannedHost("s", answers), generators=[CannedHost("g", {"host.path measured": {}})]
    )
    path(on_testbed(run_of(tmp_path, bench_path_capacity=False), on, []))
    assert on.server.asked == []
    path(on_testbed(run_of(tmp_path), on, []))
    assert asked(on.server) == ["host.path started", "host.path stopped"]
    assert asked(on.generators[0]) == ["host.path measured"]
    assert (tmp_path / "baseline" / "main.json").exists()


TWO = ("g", "h")


def test_clocks_are_compared_before_the_rounds_and_after_them(tmp_path: Path) -> None:
    on, said = hosts(), list[str]()
    measure(on_testbed(run_of(tmp_path), on, said))
    states = [call.order["state"] for call in on.server.asked if call.program == "host.clock"]
    assert states == ["started", "stopped"] * 2
    assert on.server.asked[0].program == on.server.asked[-1].program == "host.clock"
    for moment in ("before", "after"):
        document = json.loads((tmp_path / "clocks" / f"main-{moment}.json").read_text())
        assert document["clocks"] == [CLOCK | {"generator": "g"}]
        assert document["error"] is None
    (record, _) = records(tmp_path / "raw")
    assert record["generators"][0]["clock_offset_s"] == CLOCK["offset_s"]
    assert len(said) == 2
    load = calls(on.generators[0])[0].order
    assert "begin_at" not in load  # one generator waits for nobody


def test_clocks_that_cannot_be_compared_are_said_and_the_run_goes_on(tmp_path: Path) -> None:
    on, said = hosts(TWO, clock={"failed": True, "msg": "timed out"}), list[str]()
    made = on_testbed(run_of(tmp_path, TWO), on, said)
    measure(made)
    assert "The clocks were not compared: the load on g: task failed: timed out" in said[0]
    assert (made.recovery.faults_in_a_row, len(records(tmp_path / "raw"))) == (0, 2)
    assert "begin_at" not in calls(on.generators[0])[0].order


def test_several_generators_share_the_load_and_begin_together(tmp_path: Path) -> None:
    run = run_of(tmp_path, TWO, bench_tools="wrk,h2load", bench_rate_share=0.5, bench_rounds=1)
    started = STARTED | {"started_at": 1000.0, "ready_s": 0.5}
    loads = [LOAD, *[LOAD | {"measured": H2LOAD}] * 2]
    on = hosts(TWO, started=started, load=loads)
    ahead = CLOCK | {"offset_s": -3.0}
    on.generators[1].answers |= {"host.clock measured": ahead, "generator.load": list(loads)}
    measure(on_testbed(run, on, []))
    first, second = (calls(host)[0].order for host in on.generators)
    assert first["connections"] == second["connections"] == 100
    # the same moment, each by its own clock, and later than the server was ready
    assert second["begin_at"] - first["begin_at"] == pytest.approx(3.25)
    assert first["begin_at"] + CLOCK["offset_s"] > 1000.5
    assert first["window_at"] - first["begin_at"] > first["warmup"]
    (record,) = records(tmp_path / "raw")
    assert [one["host"] for one in record["generators"]] == ["g", "h"]
    # wrk got 2,000 requests/s on each; half of the sum is shared again
    assert [calls(host)[-1].order["rate"] for host in on.generators] == [1000.0, 1000.0]


def test_the_generator_that_fails_is_named(tmp_path: Path) -> None:
    on, said = hosts(TWO), list[str]()
    on.generators[1].answers["generator.load"] = GONE
    measure(on_testbed(run_of(tmp_path, TWO, bench_rounds=1), on, said))
    assert "HARNESS FAULT, the load on h: host did not answer: no route" in said[0]


def test_every_order_has_the_lease_and_what_starts_or_sets_keeps_it(tmp_path: Path) -> None:
    on = hosts()
    on.server.answers |= {"host.path started": {"ready": True}, "host.path stopped": {}}
    on.generators[0].answers["host.path measured"] = {}
    run = replace(run_of(tmp_path, bench_tuning="turbo"), lease="word")
    testbed_run = on_testbed(run, on, [])
    for phase in (tune, path, probe, measure, put_back):
        phase(testbed_run)
    orders = [call.order for host in on.all for call in host.asked]
    assert {order.get("state") for order in orders} >= {"set", "started", "stopped", "restored"}
    for order in orders:
        assert order["lease"]["token"] == run.lease
        assert ("seconds" in order["lease"]) == (order.get("state") not in ("stopped", "ended"))


def test_nobody_wants_the_rest_if_ansible_was_killed(tmp_path: Path) -> None:
    on = hosts()
    dead = owner_of(os.getpid())._replace(started="1")  # when another process had that number
    run = replace(run_of(tmp_path), owner=str(dead))
    waits = Recovery(next_at=time.time() + 3600)
    for made in (on_testbed(run, on, []), on_testbed(run, on, [], recovery=waits)):
        with pytest.raises(Interrupted):
            measure(made)
    assert "server.unit started" not in asked(on.server)


def test_a_signal_ends_what_goes_on_and_everything_on_the_hosts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = hosts()
    load, handler = on.generators[0].run, signal.getsignal(signal.SIGINT)

    def interrupted(call: Call) -> Any:
        if call.program == "generator.load" and "state" not in call.order:
            os.kill(os.getpid(), signal.SIGINT)
        return load(call)

    monkeypatch.setattr(on.generators[0], "run", interrupted)
    on.server.answers["server.unit ended"] = {}
    on.generators[0].answers["generator.load ended"] = {}
    try:
        with pytest.raises(Interrupted), interruptible():
            measure(on_testbed(run_of(tmp_path), on, []))
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN  # the hosts are being cleaned
        end_everything(Hosts(*on), run_of(tmp_path))
    finally:
        signal.signal(signal.SIGINT, handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    assert not (tmp_path / "raw").exists()  # what was in flight is dropped
    assert asked(on.server)[-1] == "server.unit ended"
    assert asked(on.generators[0])[-1] == "generator.load ended"


def test_without_a_signal_handlers_are_as_they_were() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interruptible():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
