"""Several workers: how the load spread over them, and what each of them adds."""

from __future__ import annotations

import csv
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipebench.frame.cells import summary
from pipebench.measure.workers import WorkersLoad
from pipebench.record.factors import ALL
from pipebench.record.schema import RecordError
from pipebench.rules.bottleneck import LimitedBy, bottleneck_of
from pipebench.run.judge import judge_run
from pipebench.show.charts.chart import data_of
from pipebench.show.charts.workers import scaling, workers
from tests.unit.pipebench import specs
from tests.unit.pipebench.factory import (
    START,
    measurement_of,
    record,
    run_document,
    samples,
    server,
    steady,
    write_run,
    wrk_result,
)
from tests.unit.pipebench.rendering import render

WINDOW = START + 3
"""It lasts 5 s."""
MANAGER, FIRST, SECOND = 10, 11, 12


def look(at: float, cpu_s: dict[int, float], connections: dict[int, int]) -> dict[str, Any]:
    """One look at the processes of a server, whose connections are none unless given."""
    return {
        "at": at,
        "pids": list(cpu_s),
        "cpu_us": [round(1e6 * used) for used in cpu_s.values()],
        "connections": [connections.get(pid, 0) for pid in cpu_s],
    }


def load_of(looks: list[dict[str, Any]], count: int = 2) -> WorkersLoad | None:
    made = record(server=server(processes=looks), workers=ALL, worker_count=count)
    return measurement_of(made).workers_load


def test_the_last_look_has_the_connections_and_the_first_the_cpu_time_before() -> None:
    before = look(WINDOW - 1, {MANAGER: 0.2, FIRST: 0.1, SECOND: 0.1}, {FIRST: 1})
    first = look(WINDOW + 0.5, {MANAGER: 0.2, FIRST: 1.0, SECOND: 0.5}, {FIRST: 100, SECOND: 20})
    last = look(WINDOW + 4.5, {MANAGER: 0.21, FIRST: 4.8, SECOND: 1.3}, {FIRST: 150, SECOND: 50})
    after = look(WINDOW + 5.5, {MANAGER: 0.3, FIRST: 4.8, SECOND: 1.3}, {})
    load = load_of([before, first, last, after])
    assert load
    assert load.connections == (50, 150)
    assert load.cpu_cores == pytest.approx((0.2, 0.95))
    assert load.idle == 0


def test_a_worker_without_a_connection_counts_and_a_manager_does_not() -> None:
    load = load_of([look(WINDOW + 1, {MANAGER: 0.2, FIRST: 1.0, SECOND: 0.1}, {FIRST: 200})])
    assert load == WorkersLoad((0, 200), None)
    assert load.idle == 1


@pytest.mark.parametrize(
    ("looks", "count"),
    [
        ([look(WINDOW - 1, {FIRST: 1, SECOND: 1}, {FIRST: 200})], 2),
        ([look(WINDOW + 1, {FIRST: 1}, {FIRST: 200})], 2),
        ([look(WINDOW + 1, {FIRST: 1, SECOND: 1}, {FIRST: 200})], 1),
        ([], 2),
    ],
    ids=["before the window", "threads of one process", "one worker", "nobody looked"],
)
def test_without_a_look_at_each_worker_nothing_is_claimed(
    looks: list[dict[str, Any]], count: int
) -> None:
    assert load_of(looks, count) is None


def test_a_worker_that_was_replaced_has_no_cpu_time() -> None:
    first = look(WINDOW + 1, {FIRST: 1.0, SECOND: 1.0}, {FIRST: 100, SECOND: 100})
    last = look(WINDOW + 3, {FIRST: 2.0, SECOND + 1: 0.1}, {FIRST: 100, SECOND + 1: 100})
    assert load_of([first, last]) == WorkersLoad((100, 100), None)


def test_a_look_that_contradicts_itself_is_not_used() -> None:
    short = look(WINDOW + 1, {FIRST: 1.0, SECOND: 1.0}, {}) | {"connections": [1]}
    with pytest.raises(RecordError, match="lists of different lengths"):
        load_of([short])


def test_all_workers_are_as_many_as_the_record_says() -> None:
    """Two of four CPUs can be used by two workers: 1.9 of them is the limit."""
    busy = server(samples=samples(1.9), cpus=4)
    two = measurement_of(record(server=busy, workers=ALL, worker_count=2))
    assert bottleneck_of(two).limit == LimitedBy.SERVER
    four = measurement_of(record(server=busy, workers=ALL, worker_count=4))
    assert bottleneck_of(four).limit != LimitedBy.SERVER
    with pytest.raises(RecordError, match="worker_count of the record is missing"):
        measurement_of(record(workers=ALL))


def test_the_kernel_on_cpus_of_its_own_is_a_limit_of_the_server() -> None:
    """The unit has 3 of 4 CPUs and uses half of one; the interrupts' CPU is the limit, or not."""
    pinned = server(samples=samples(0.5), cpus=3, host_cpus=4)
    measured = measurement_of(record(server=pinned, workers=ALL, worker_count=3))
    assert measured.interrupt_cpus == 1
    usage = measured.server_usage
    assert usage
    for kernel, limit in ((0.95, LimitedBy.SERVER), (0.5, LimitedBy.UNKNOWN)):
        busy = replace(usage, measured_cores=(measured.server_cpu_cores or 0) + kernel)
        bottleneck = bottleneck_of(replace(measured, server_usage=busy))
        assert bottleneck.limit == limit
        words = f"packets {kernel:.2f} of the 1 core kept for interrupts"
        assert (words in bottleneck.sentence) == (kernel / 1 > 0.5 / 3)


def scaled_run(folder: Path, gain: float, rounds: int = 6) -> Path:
    """A framework with one worker, and with four that together answer `gain` times as much."""
    rng = random.Random(3)  # noqa: S311 (figures, not secrets)
    document = run_document(["alpha"], rounds)
    document["variables"]["bench_workers"] = [1, "all"]
    planned = {"framework": "alpha", "depth": 5, "connections": 200}
    document["rounds"] = [[planned | {"workers": n} for n in (1, "all")]] * rounds
    records: dict[str, dict[str, Any] | str] = {}
    for number in range(1, rounds + 1):
        pace = rng.uniform(0.9, 1.1)  # of the machine in this round, for both
        for position, (label, count, times) in enumerate(((1, 1, 1.0), ("all", 4, gain)), start=1):
            result = wrk_result(steady(40_000 / pace / times, 200), depth=5)
            cpu_s = dict.fromkeys(range(FIRST, FIRST + 4), 1.0)
            spread = dict(zip(cpu_s, (0, 40, 60, 100), strict=True))
            looks = [look(WINDOW + 2, cpu_s, spread)] if count > 1 else []
            records[f"main-r{number:02}-{position:03}-alpha-w{label}-d5-c200.json"] = record(
                result,
                server=server(processes=looks),
                framework="alpha",
                workers=label,
                worker_count=count,
                round=number,
                position=position,
            )
    return write_run(folder, document, records)


def test_scaling_is_by_workers_and_within_the_round(tmp_path: Path) -> None:
    judged_run = judge_run(scaled_run(tmp_path, gain=3.2))
    one, every = summary(judged_run)
    assert (one.cell.workers, every.cell.workers, every.worker_count) == (1, ALL, 4)
    assert one.scaling.value is None
    assert every.scaling.value == pytest.approx(0.8, rel=0.01)
    assert every.scaling.low == pytest.approx(0.8, rel=0.02)  # rounds differ by 20 %, ratios do not
    files = render(judged_run).files
    (row,) = (row for row in csv.DictReader(files["summary.csv"].splitlines())
              if row["workers"] == "all")  # fmt: skip
    assert (row["worker_count"], row["connections_per_worker_max"]) == ("4", "100.0")
    assert row["workers_idle"] == "1"
    assert "| scaling |" in files["report.md"]
    assert "0.80" in files["report.md"]


def test_the_charts_say_what_workers_add_and_how_connections_spread(tmp_path: Path) -> None:
    judged_run = judge_run(scaled_run(tmp_path, gain=3.2))
    data = data_of(judged_run, summary(judged_run))
    gained, spread = scaling(data), workers(data)
    assert gained
    assert spread
    assert "all workers (4): Alpha 0.80" in gained.alt
    (bar,) = specs.rows(gained.spec, "bar", "median")
    assert bar["median"] == pytest.approx(0.8, rel=0.01)
    assert "0 to 2" in spread.alt
    assert [row["y"] for row in specs.rows(spread.spec, "line", "y")] == [0, 0.8, 1.2, 2]


def test_the_report_names_cells_by_their_workers(tmp_path: Path) -> None:
    report = render(judge_run(scaled_run(tmp_path, gain=3.2))).files["report.md"]
    assert "- At 1 worker: " in report
    assert "- At all workers: " in report
    assert "](charts/scaling.svg)" in report
    assert "](charts/workers.svg)" in report


def test_with_one_worker_there_is_no_such_chart(tmp_path: Path) -> None:
    document = run_document(["one"], 1)
    judged_run = judge_run(write_run(tmp_path, document, {"main-r01-001-one.json": record()}))
    data = data_of(judged_run, summary(judged_run))
    assert scaling(data) is None
    assert workers(data) is None
