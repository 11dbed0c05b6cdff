"""How long a run takes, before it begins and while it goes on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from pipebench.hosts.ending import PROVISIONING_S, early_endings
from pipebench.plan.estimate import (
    begins_after_s,
    duration_text,
    estimate_s,
    left_s,
    left_text,
    measurements,
    plan_text,
    until_text,
)
from pipebench.plan.project import ROOT, Project
from pipebench.plan.run_plan import RunPlan, plan_run
from pipebench.plan.testbeds import Inventory

PROJECT = Project(ROOT, "0", None, dirty=False, command=[])
HOSTS: dict[str, dict[str, str | float]] = {
    "s": {"ansible_host": "198.18.0.11"},
    "g": {"ansible_host": "198.18.0.21"},
    "s2": {"ansible_host": "198.18.0.12", "bench_testbed": "b"},
    "g2": {"ansible_host": "198.18.0.22", "bench_testbed": "b"},
}
FEW = {
    "bench_frameworks": "aiohttp,sanic",
    "bench_controls": False,
    "bench_rounds": 10,
    "bench_check_answers": False,
}


def planned(**given: Any) -> RunPlan:
    return plan_run(FEW | given, Inventory(["s"], ["g"], HOSTS), PROJECT)


def test_hosts_that_end_before_the_run_are_named() -> None:
    run, now = planned(), 1_800_000_000.0
    needed = PROVISIONING_S + estimate_s(run)

    def endings(**until: float) -> list[str]:
        hosts = {host: HOSTS[host] | {"bench_until": until[host]} for host in until}
        return list(early_endings(run, Inventory(["s"], ["g"], HOSTS | hosts), now))

    assert endings() == endings(s=now + needed + 1, g=now + needed + 1) == []
    (sentence,) = endings(s=now + 60, g=now + 60)
    assert sentence.startswith("s and 1 other host end at 08:01 UTC, in 60 s, and the run needs ")
    (sentence,) = endings(g=now - 5)
    assert sentence.startswith("g ends at 07:59 UTC, in 0 s, and the run needs about 1")


def test_it_grows_with_what_the_plan_asks_for() -> None:
    base = estimate_s(planned())
    assert base > 2 * 10 * (2 + 5)  # measurements x (warm-up + window)
    assert estimate_s(planned(bench_rounds=20)) - base > 2 * 10 * 7
    assert estimate_s(planned(bench_duration=6)) - base == pytest.approx(20)
    assert estimate_s(planned(bench_path_capacity=False)) == base - 7
    # once each cell
    assert 2 * 7 < estimate_s(planned(bench_check_answers=True)) - base < 2 * 9
    # the same again with h2load; and each cell once more
    assert estimate_s(planned(bench_tools="wrk,h2load")) - base > 2 * 10 * 7
    both = estimate_s(planned(bench_tools="wrk,h2load"))
    share = estimate_s(planned(bench_tools="wrk,h2load", bench_rate_share=0.6))
    assert both + 2 * 7 < share < both + 2 * 9
    # the control and the ceiling are measured and not probed
    assert estimate_s(planned(bench_controls=True)) - base > 2 * 10 * 7
    # the path and the report are the same for both numbers of workers
    assert estimate_s(planned(bench_workers="1,2")) == pytest.approx(2 * base - 7 - 3)


def test_testbeds_begin_within_the_time_of_one_measurement() -> None:
    hosts = {
        f"{kind}{n}": {"ansible_host": f"198.18.{place}.{n}", "bench_testbed": f"t{n}"}
        for place, kind in enumerate("sg")
        for n in range(1, 5)
    }
    names = [[f"{kind}{n}" for n in range(1, 5)] for kind in "sg"]
    run = plan_run(FEW, Inventory(names[0], names[1], hosts), PROJECT)
    begins = [begins_after_s(run, f"t{n}") for n in range(1, 5)]
    one_s = 4 * begins[1]
    assert begins == pytest.approx([0, one_s / 4, one_s / 2, 3 * one_s / 4])
    assert 2 + 5 < one_s < 2 + 5 + 2
    assert estimate_s(run) - estimate_s(planned()) == pytest.approx(begins[-1])
    assert begins_after_s(planned(), "main") == 0


def test_the_pace_of_the_run_takes_the_place_of_the_plan() -> None:
    run = planned(bench_rounds=100)
    count = measurements(run)
    assert count == 200
    at_first = left_s(run, 0, 0)
    assert at_first == pytest.approx(estimate_s(run) - 7 - 2 * 1.5)
    # each of them took 16 s instead of the 8 that were planned
    assert left_s(run, 1, 16) < 0.7 * 16 * (count - 1)
    assert left_s(run, 100, 1600) == pytest.approx(16 * 100, rel=0.05)
    assert left_s(run, count, 16 * count) == pytest.approx(3)  # the report
    # what is done at a constant rate comes after the last round
    run = planned(bench_tools="wrk,h2load", bench_rate_share=0.6)
    assert left_s(run, 20, 300) > 2 * 7


def test_a_plan_in_a_sentence() -> None:
    assert plan_text(planned(bench_depths="1,5,16")).startswith(
        "60 measurements: 6 cells x 10 rounds; about 8 min"
    )
    assert "2 cells x 1 round;" in plan_text(planned(bench_rounds=1))
    extended = {"min": 6, "max": 20, "until_relative_width": 0.05}
    assert plan_text(planned(bench_rounds=extended)).startswith(
        "at most 40 measurements: 2 cells x 6 to 20 rounds; at most about "
    )
    two = plan_run(FEW, Inventory(["s", "s2"], ["g", "g2"], HOSTS), PROJECT)
    assert "20 measurements on each of 2 testbeds: 2 cells" in plan_text(two)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(45, "45 s"), (360, "6 min"), (7500, "2 h 05 min"), (89.6, "90 s"), (5399, "1 h 30 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(3, "0:03 left"), (125.4, "2:05 left"), (7510, "2:05:10 left")]
)
def test_time_left(seconds: float, text: str) -> None:
    assert left_text(seconds) == text


def test_until_when_by_the_clock_here() -> None:
    now = datetime(2026, 1, 1, 14, 48).timestamp()  # noqa: DTZ001 (the time here)
    assert until_text(52 * 60, now) == "15:40"
    assert until_text(10 * 3600, now) == "Fri 00:48"
