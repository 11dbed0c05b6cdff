"""One record as a person sees it: figures and sentences of the report, on a screen or two."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipebench.rules.outcome import RATED, Context
from pipebench.rules.rule import Outcome
from pipebench.run.judge import JudgedRun
from pipebench.show.record import seen_in, show
from pipebench.show.record_measurement import MeasurementInputs, text
from tests.unit.command import collect
from tests.unit.pipebench.chapters.test_crosscheck import document
from tests.unit.pipebench.factory import (
    DATA,
    case,
    generator,
    measurement_of,
    probe_record,
    record,
    run_document,
    write_run,
    wrk,
    wrk_result,
)
from tests.unit.pipebench.rules.test_bottleneck import CARRIES, measurement
from tests.unit.pipebench.runs import EXAMPLE

RUN = DATA / "run"
SCREENS = 2 * 30  # lines


def one_line(shown: str) -> str:
    """Without what wrapping did."""
    return " ".join(shown.split())


def raw(name: str) -> Path:
    """The record of a framework in the first round of the small run."""
    return next((RUN / "raw").glob(f"main-r01-*-{name}-*"))


@pytest.mark.parametrize("run", ["example", "small"])
def test_every_record_is_shown_as_the_report_judges_it(
    run: str, request: pytest.FixtureRequest
) -> None:
    judged_run: JudgedRun = request.getfixturevalue(run)
    for judged in judged_run.measurements:
        shown = text(seen_in(judged_run, judged.measurement.file))
        lines = shown.splitlines()
        assert max(map(len, lines)) <= 100
        assert len(lines) <= SCREENS
        assert not re.search(r"\b(nan|None|inf)\b", shown)
        told = one_line(shown)
        assert f"Outcome: {judged.judgement.outcome.value} " in told
        for rule in judged.judgement.rules:
            assert re.search(rf"^  {rule} ", shown, re.MULTILINE)
        for sentence in judged.judgement.reason.split("; "):
            assert sentence in told
        if judged.judgement.outcome in RATED and judged.measurement.totals:
            assert f"{judged.measurement.totals.requests_per_s:,.0f} (" in told
            assert f"Limited by: {judged.limited_by} " in told
        else:
            assert "requests/s" not in shown


def test_a_healthy_measurement(example: JudgedRun) -> None:
    judged = next(
        one for one in example.measurements if one.measurement.cell.framework == "fasthttp"
    )
    totals = judged.measurement.totals
    assert totals
    assert totals.latency
    shown = text(seen_in(example, judged.measurement.file))
    told = one_line(shown)
    for said in (
        "fasthttp on testbed main: 1 worker, depth 5, 200 connections",
        f"round {judged.measurement.round} of 6, position {judged.measurement.position} of 8",
        "server lab-server, 2 CPUs",
        "load generator lab-loadgen, 2 CPUs, 10 threads",
        "wrk -t10 -c200 -d5s --latency",
        f"({totals.latency.batches:,} batches)",
        "errors none",
        f"busy {totals.busy:.2f} of",
        "All 22 rules are satisfied.",
        "(a share of 0.90 or more is a limit)",
        "disturbance none recorded",
    ):
        assert said in told
    shares = re.findall(r"^  (server|generator|network) +(\d\.\d\d)  \w", shown, re.MULTILINE)
    assert [name for name, _ in shares] == ["server", "generator", "network"]
    limit = max(shares, key=lambda share: float(share[1]))
    assert limit[0] == judged.limited_by


def test_what_a_run_knows_is_missing_without_it(tmp_path: Path) -> None:
    in_its_run = one_line(show(raw("closer")))
    assert "probe: keep-alive: closes, answered 5 of 250, then closed (degraded)" in in_its_run
    assert "(over the run: 145)" in in_its_run
    (tmp_path / "raw").mkdir()
    alone = one_line(show(Path(shutil.copy(raw("closer"), tmp_path / "raw"))))
    assert "tool_errors wrk counted errors: 32,807 read (degraded)" in alone
    assert "keep-alive" not in alone
    assert "over the run" not in alone
    assert (
        f"The run of this record cannot be read ({tmp_path} is not a run: it has no run.json)"
        in alone
    )
    assert "judged without the run's other records" in alone


def test_a_failure_has_the_end_of_its_log_and_no_rate() -> None:
    shown = show(raw("crasher"))
    assert "Outcome: failed\n  crashed" in shown
    assert "Limited by: not judged" in shown
    assert "The end of the log\n  crasher[4242]: corrupted double-linked list" in shown
    absent = one_line(show(raw("absent")))
    assert "nothing: wrk did not run" in absent
    assert "could not be deployed: no CPython 3.7 here (unavailable)" in absent


def test_what_is_too_mild_for_the_reason_is_shown_and_said_to_be() -> None:
    broken = wrk_result({40_000: 25_000}, errors={"read": 7})
    broken["latency"]["histogram"] = [[30_000, 1], [100_000, 1]]
    seen = measurement_of(record(broken))
    shown = one_line(
        text(MeasurementInputs(replace(seen, journal_lines=["a warning"]), Context(), None))
    )
    assert "Outcome: invalid" in shown
    assert "unusable wrk's correction cannot be undone" in shown
    said = measurement()
    assert said.totals
    failed = replace(said, ready_errors=["it never answered"], unusable="a counter went backwards")
    shown = one_line(text(MeasurementInputs(failed, Context(), None)))
    assert "did_not_start did not start: it never answered (failed)" in shown
    assert "unusable a counter went backwards (invalid; it is not part of the reason)" in shown


def test_why_nothing_was_at_its_limit() -> None:
    waited = text(MeasurementInputs(measurement(), Context(), CARRIES))
    assert "Limited by: waiting (all were idle, so the connections waited)" in waited
    idle = text(MeasurementInputs(measurement(0.7), Context(), CARRIES))
    assert "Limited by: unknown (no share is 0.90 or more)" in idle
    unknown = text(MeasurementInputs(measurement(wrk=None), Context(), CARRIES))
    assert "Limited by: unknown (no known share is 0.90 or more)" in unknown
    assert "  generator       ?  the CPU time of wrk on lab-loadgen is not known" in unknown
    disturbed = one_line(
        text(MeasurementInputs(measurement(0.95, other_cores=0.98), Context(), CARRIES))
    )
    assert "disturbance a neighbour: other programs used 0.98 cores of lab-server" in disturbed


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("alpha", "4 of 4 cases conform"),
        ("closer", "keep-alive closes: answered 5 of 250, then closed (a measurement relies on it"),
        ("beta", "3 of 4 cases conform; these do not: http-1.0 stays open: stays open"),
        ("crasher", "not known keep-alive, http-1.0"),
        ("absent", "Not probed: no CPython 3.7 here"),
    ],
)
def test_a_probe(name: str, said: str) -> None:
    shown = one_line(show(RUN / "probe" / f"main-{name}-w1.json"))
    assert shown.startswith(f"Probe of {name} on testbed main, 1 worker")
    assert said in shown


def test_a_probe_that_the_harness_could_not_make(tmp_path: Path) -> None:
    made = probe_record([case("single")], harness_fault="the probe on g: host did not answer")
    run = write_run(tmp_path, run_document(["one"], 1), {})
    (run / "probe").mkdir()
    path = run / "probe" / "main-one-w1.json"
    path.write_text(json.dumps(made))
    assert "Harness fault: the probe on g: host did not answer" in show(path)


def test_a_cross_check(tmp_path: Path) -> None:
    shutil.copy(RUN / "run.json", tmp_path)
    (tmp_path / "crosscheck").mkdir()
    closed, constant, none = (tmp_path / "crosscheck" / f"{n}.json" for n in ("a", "b", "c"))
    closed.write_text(json.dumps(document("closed", 1)))
    constant.write_text(json.dumps(document("constant", None, 2000.0)))
    none.write_text(json.dumps(document("closed", 2) | {"generators": []}))
    shown = one_line(show(closed))
    assert "Cross-check with h2load of run 20260101T000000Z-abcd: a.json" in shown
    assert "alpha on testbed main: 1 worker, depth 5, 200 connections" in shown
    assert "round 1, position 1" in shown
    assert re.search(r"requests/s [\d,]{7} \([\d,]{7} answered in 1\.00 s\)", shown)
    assert re.search(r"request latency p50 \S+ us, p75 .* \([\d,]{7} requests\)", shown)
    assert "slack" not in shown
    shown = one_line(show(constant))
    assert "rate 2,000 requests/s wanted" in shown
    assert re.search(r"constant rate [\d,]{5} requests/s, (0\.99|1\.00)\d of the wanted; ", shown)
    assert re.search(r"the sender was late by \S+ ms at most", shown)
    assert "measured nothing: h2load did not run" in one_line(show(none))


def test_a_path() -> None:
    shown = one_line(show(EXAMPLE / "baseline" / "main.json"))
    assert shown.startswith("Path capacity of testbed main to the server 35,010 Mbit/s at least, ")
    assert "from the server 35,337 Mbit/s at least, 686,668 packets/s at least" in shown


def test_what_is_not_a_record_is_refused_in_a_sentence(tmp_path: Path) -> None:
    run = shutil.copytree(RUN, tmp_path / "run")
    (run / "crosscheck").mkdir()
    (run / "crosscheck" / "a.json").write_text(json.dumps(document("closed", 1) | {"run_id": "x"}))
    (run / "raw" / "notes.txt").write_text("")
    (run / "baseline").mkdir()
    (run / "baseline" / "main.json").write_text("[]")
    cut = next((run / "raw").glob("main-r03-*-beta-*"))
    alone = tmp_path / "alone.json"
    alone.touch()
    for path, said in (
        (run, "is a folder; a record of this run is "),
        (run / "raw" / "none.json", "does not exist; a record of this run is "),
        (tmp_path / "none.json", "does not exist; show requires a record of a run, as in raw/"),
        (run / "run.json", "is not a record; a record of this run is "),
        (alone, "is not a record; a record is in a folder raw, probe, crosscheck, answers or "),
        (cut, "cannot be used: it is truncated after 900 bytes"),
        (run / "crosscheck" / "a.json", "cannot be used: it belongs to run x"),
        (run / "raw" / "notes.txt", "cannot be used: its name is not that of a record"),
        (run / "baseline" / "main.json", "cannot be used: the record is "),
    ):
        done = collect("show", path)
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1
        assert said in done.stderr


def test_the_command_prints_the_record() -> None:
    done = collect("show", raw("alpha"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{show(raw('alpha'))}\n"
    assert Outcome.OK.value in done.stdout


def test_generators_are_listed_one_by_one() -> None:
    two = [generator(wrk(wrk_result({40_000: 12_500}, connections=100))) for _ in range(2)]
    two[1]["host"] = "second"
    seen = measurement_of(record(generators=two))
    shown = text(MeasurementInputs(seen, Context(), None))
    assert len(re.findall(r"^  load generator +\S", shown, re.MULTILINE)) == 2
    assert "cores of second" in shown
