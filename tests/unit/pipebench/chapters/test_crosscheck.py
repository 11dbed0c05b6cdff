"""Agreement of h2load with wrk, and latency at a constant rate; on what h2load really wrote."""

import copy
import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipebench.chapters import crosscheck, crosscheck_tables
from pipebench.measure.measurement import Measurement
from pipebench.rules.outcome import Context, judge
from pipebench.rules.rule import Outcome
from pipebench.run.judge import judge_run
from pipebench.tools import first_tool
from pipebench.tools.h2load import H2loadResult, send_lag_us
from tests.unit.pipebench import factory
from tests.unit.pipebench.rendering import render

DATA = Path(__file__).parents[3] / "data"
RUN = DATA / "run"
CELL = {"framework": "alpha", "workers": 1, "depth": 5, "connections": 200}


def generator(kind: str) -> dict[str, Any]:
    """A generator's part of a record, as the driver gave it of h2load on loopback."""
    found: dict[str, Any] = json.loads((DATA / "h2load" / f"{kind}.json").read_text())
    return found


def checked(record: dict[str, Any]) -> Measurement:
    return factory.measurement_of(record, "crosscheck")


def document(kind: str, number: int | None, rate: float | None = None) -> dict[str, Any]:
    return {
        "schema_version": 1, "kind": kind, "run_id": json.loads(
            (RUN / "run.json").read_text())["run_id"],
        "testbed": "main", "stack": "current", **CELL, "threads": 10, "round": number,
        "position": 1, "rate": rate, "ended": "2026-09-21T14:14:00.000000Z",
        "deployment": {"available": True}, "server": None, "generators": [generator(kind)],
        "harness_fault": None,
    }  # fmt: skip


def exact(rate: float, latency_us: int) -> dict[str, Any]:
    """A closed-loop execution of 5 s of which rate and latency are known."""
    count = round(rate * 5)
    return {
        "argv": ["h2load", "--h1", "-D5"], "exit_status": 0, "started": 10.0, "ended": 15.0,
        "cpu_s": 1.0, "stderr": "",
        "stdout": f"requests: {count} total, {count} started, {count} done, 0 failed\n",
        "result": {"responses": count, "statuses": {"200": count},
                   "histogram": [[latency_us, count]]},
    }  # fmt: skip


def test_what_h2load_printed_and_logged_is_read() -> None:
    check = checked(document("closed", 1))
    assert (check.tool, check.tool_problem) == ("h2load", None)
    totals = check.totals
    assert totals
    assert (totals.duration_s, totals.opened) == (1, 8)
    assert totals.latency
    assert totals.requests == totals.latency.batches > 100_000
    assert totals.bytes == 129 * totals.requests
    # Little's law on real data: 8 connections with 5 requests each were always under way.
    assert totals.requests * totals.latency.mean_us / 1e6 == pytest.approx(40, rel=0.02)
    assert 0.9 < check.warmup_s < 2


def test_a_constant_rate_is_kept_and_lag_is_small() -> None:
    check = checked(document("constant", None, 2000.0))
    assert check.rate_kept
    assert check.rate_kept.achieved_per_s == pytest.approx(2000, rel=0.02)
    lag = check.rate_kept.send_lag_us
    assert lag is not None
    assert lag < 25_000


def paced(sent: list[int]) -> H2loadResult:
    return H2loadResult(responses=sum(sent), sent=sent, slot_us=10_000, settle_us=500_000)


def test_a_stall_of_the_sender_shows_as_lag() -> None:
    even = [10] * 200
    stalled = [10] * 100 + [0] * 30 + [310] + [10] * 69
    assert send_lag_us(paced(even), 1000.0) == 0
    assert send_lag_us(paced(stalled), 1000.0) == pytest.approx(300_000)


def test_a_server_that_cannot_keep_the_rate_has_no_latency_at_it() -> None:
    late = document("constant", None, 4000.0)
    figures = crosscheck.at_rate(checked(late), first_tool())
    assert figures.achieved_per_s == pytest.approx(2000, rel=0.02)
    assert figures.latency is None
    kept = document("constant", None, 2000.0)
    figures = crosscheck.at_rate(checked(kept), first_tool())
    assert figures.latency
    assert figures.latency.p50_us > 0


@pytest.mark.parametrize(
    ("change", "said", "outcome"),
    [
        ({"exit_status": 1}, "status 1", Outcome.INVALID),
        ({"exit_status": -9}, "it waited for answers", Outcome.FAILED),
        ({"result": None}, "left no log", Outcome.INVALID),
        ({"result": {"responses": 0}}, "no answer", Outcome.FAILED),
        (
            {"stdout": "requests: 9 total, 9 started, 9 done, 8 succeeded, 1 failed\n"},
            "1 failed",
            Outcome.FAILED,
        ),
        (
            {"stdout": "requests: 9 total, 9 started, 9 done, 0 failed\n"},
            "its log has",
            Outcome.INVALID,
        ),
    ],
)
def test_what_cannot_be_compared_says_why_and_whose_it_is(
    change: dict[str, Any], said: str, outcome: Outcome
) -> None:
    record = document("closed", 1)
    record["generators"][0]["measured"].update(change)
    check = checked(record)
    problem = crosscheck.problem_of(check, first_tool())
    assert problem
    assert said in problem
    assert judge(check, Context()).outcome == outcome


def test_other_statuses_than_200_are_a_problem() -> None:
    record = document("closed", 1)
    measured = record["generators"][0]["measured"] = exact(100.0, 10)
    measured["result"]["statuses"] = {"200": 498, "503": 2}
    problem = crosscheck.problem_of(checked(record), first_tool())
    assert problem == "2 responses had another status than 200"


def test_a_server_that_was_never_ready_is_a_problem_not_a_figure() -> None:
    record = document("closed", 1)
    record["generators"] = []
    assert crosscheck.problem_of(checked(record), first_tool()) == "h2load did not run"


def test_generators_that_agree_have_ratios_of_1() -> None:
    """wrk: 200 batches of 5 under way, 10 ms each, so 100,000 responses/s. h2load: the same."""
    measurements, checks = [], []
    for number in range(1, 7):
        path = min((RUN / "raw").glob(f"main-r{number:02}-*-alpha-*.json"))
        raw = json.loads(path.read_text())
        raw["generators"][0]["measured"]["result"] = factory.wrk_result({10_000: 100_000})
        measurements.append(factory.measurement_of(raw))
        record = document("closed", number)
        record["generators"][0]["measured"] = exact(100_000.0, 10_000)
        checks.append(checked(record))
    (row,) = crosscheck.rows(measurements, checks)
    assert row.rounds == 6
    for ratio in (row.throughput, row.latency, row.little):
        assert ratio.value == ratio.low == ratio.high == pytest.approx(1)
    assert row.measured.under_way == row.checked.under_way == pytest.approx(1)


def test_half_the_throughput_at_twice_the_latency_still_obeys_little() -> None:
    path = min((RUN / "raw").glob("main-r01-*-alpha-*.json"))
    raw = json.loads(path.read_text())
    raw["generators"][0]["measured"]["result"] = factory.wrk_result({10_000: 100_000})
    record = document("closed", 1)
    record["generators"][0]["measured"] = exact(50_000.0, 20_000)
    (row,) = crosscheck.rows([factory.measurement_of(raw)], [checked(record)])
    assert (row.throughput.value, row.latency.value) == pytest.approx((0.5, 2))
    assert row.little.value == pytest.approx(1)
    assert row.throughput.low is None


def test_the_tables_have_the_values_that_they_show_and_the_keys_that_differ() -> None:
    path = min((RUN / "raw").glob("main-r01-*-alpha-*.json"))
    measured, checks = [], []
    for workers, rate in ((1, 100_000.0), (2, 50_000.0)):
        raw = json.loads(path.read_text()) | {"workers": workers}
        raw["generators"][0]["measured"]["result"] = factory.wrk_result({10_000: 100_000})
        measured.append(factory.measurement_of(raw))
        closed = document("closed", 1) | {"workers": workers}
        closed["generators"][0]["measured"] = exact(rate, 10_000)
        checks.append(checked(closed))
    checks.append(checked(document("constant", None, 2000.0)))
    (shown,) = crosscheck_tables.shown(crosscheck.rows(measured, checks))
    both, at_rate = shown.tables
    assert [head.text for head in both.heads][:4] == [
        "framework", "workers", "wrk requests/s", "h2load / wrk",
    ]  # fmt: skip
    assert [[field.value for field in row[1:4:2]] for row in both.rows] == [
        [1, pytest.approx(1)],
        [2, pytest.approx(0.5)],
    ]
    (row,) = at_rate.rows
    assert row[0].value is None
    assert row[1].text == "2,000"
    assert all(field.value is not None for field in row[1:])


def test_a_run_with_crosscheck_records_reports_them_and_names_the_broken(tmp_path: Path) -> None:
    for path in ["run.json", *(f"raw/{p.name}" for p in (RUN / "raw").iterdir())]:
        target = tmp_path / path
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((RUN / path).read_bytes())
    folder = tmp_path / "crosscheck"
    folder.mkdir()
    (folder / "main-r01.json").write_text(json.dumps(document("closed", 1)))
    (folder / "main-rate.json").write_text(json.dumps(document("constant", None, 2000.0)))
    (folder / "torn.json").write_text('{"schema_ver')
    older = copy.deepcopy(document("closed", 2)) | {"schema_version": 0}
    (folder / "older.json").write_text(json.dumps(older))
    rendered = render(judge_run(tmp_path))
    assert "## Cross-check" in rendered.files["report.md"]
    chapter = rendered.files["report.html"].split('id="cross-check-the-same-with-h2load"')[1]
    assert 'data-value="2000.0"' in chapter  # the wanted rate: the page sorts by it
    assert "At a constant rate" in rendered.files["report.md"]
    header, row = rendered.files["crosscheck.csv"].splitlines()
    columns = dict(zip(header.split(","), row.split(","), strict=True))
    assert columns["framework"] == "alpha"
    assert float(columns["achieved_per_s"]) == pytest.approx(2000, rel=0.02)
    said = "\n".join(rendered.problems)
    assert "crosscheck/torn.json" in said
    assert "crosscheck/older.json" in said


def test_each_tool_has_a_table_of_its_own_in_words_that_fit_it(tmp_path: Path) -> None:
    shutil.copytree(RUN, tmp_path, dirs_exist_ok=True)
    folder = tmp_path / "crosscheck"
    folder.mkdir()
    batches = factory.record() | CELL | {"tool": "wrk"}
    (folder / "a.json").write_text(json.dumps(document("closed", 1)))
    (folder / "b.json").write_text(json.dumps(batches))
    rendered = render(judge_run(tmp_path))
    _, first, second = rendered.files["report.md"].split("\n## Cross-check: the same with ")
    assert first.startswith("h2load\n")
    assert "| h2load request latency / wrk |" in first
    assert "the next request at every response" in first
    assert second.startswith("wrk\n")
    assert "| wrk batch latency / wrk |" in second
    assert "the next request at every response" not in second
    rows = csv.DictReader(rendered.files["crosscheck.csv"].splitlines())
    assert [row["tool"] for row in rows] == ["h2load", "wrk"]


def test_a_run_without_has_neither_table_nor_section() -> None:
    rendered = render(judge_run(RUN))
    assert "crosscheck.csv" not in rendered.files
    assert "Cross-check" not in rendered.files["report.md"]
