"""A rate that changes through the window is remarked on; what only looks like one is not."""
# ruff: noqa: S311

import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipebench.chapters import calibration
from pipebench.measure.measurement import Measurement
from pipebench.rules.bottleneck import Disturbance, unsteady
from pipebench.rules.outcome import Context, judge
from pipebench.rules.rule import Outcome
from pipebench.run.figures import CellSummary
from pipebench.run.judge import judge_run
from tests.unit.pipebench.factory import (
    arrivals,
    closed_loop,
    generator,
    measurement_of,
    record,
    run_document,
    write_run,
    wrk,
    wrk_result,
)
from tests.unit.pipebench.rendering import render

SECONDS = 5


def measured(rates: list[float], batches: Counter[int] | None = None) -> dict[str, Any]:
    """A record of 200 connections that were answered these requests/s in parts of the window."""
    if batches is None:
        # the latency that Little's law gives each part
        batches = Counter()
        for rate in rates:
            count = round(rate * SECONDS / len(rates) / 5)
            batches[round(1e6 * 200 * 5 / rate) if rate else SECONDS * 10**6] += count
    result = wrk_result(+batches)
    document = record(result, generators=[generator(wrk(result))])
    document["generators"][0]["samples"] = arrivals(rates, rng=random.Random(1))
    return document


def facts_of(document: dict[str, Any]) -> Measurement:
    return measurement_of(document)


def remark(document: dict[str, Any]) -> str:
    """What is remarked on; the outcome is not touched by it."""
    measurement = facts_of(document)
    assert judge(measurement, Context()).outcome == Outcome.OK
    found: list[Disturbance] = unsteady(measurement)
    return found[0].sentence if found else ""


def test_the_pace_is_that_of_the_requests_and_not_of_the_bytes() -> None:
    measurement = facts_of(measured([20_000, 20_000, 20_000, 20_000]))
    assert measurement.pace
    assert len(measurement.pace) == 4
    assert measurement.pace == pytest.approx([20_000] * 4, rel=0.03)
    assert measurement.steadiness == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(
    ("rates", "moved", "figures"),
    [
        ([480_000, 480_000, 120_000, 120_000], "fell", [480_000, 120_000, 2.5]),
        ([40_000, 40_000, 40_000, 10_000], "fell", [40_000, 10_000, 3.8]),
        ([10_000, 40_000, 40_000, 40_000], "rose", [10_000, 40_000, 1.2]),
        ([10_000, 20_000, 30_000, 40_000], "rose", [10_000, 30_000, 1.2]),
        ([40_000, 10_000, 40_000, 40_000], "its quarters", [10_000, 40_000]),
    ],
)
def test_a_rate_that_changes_is_told(rates: list[float], moved: str, figures: list[float]) -> None:
    said = remark(measured(rates))
    assert said.startswith("the rate was not steady: ")
    assert moved in said
    told = [float(word.replace(",", "")) for word in re.findall(r"\d[\d,]*(?:\.\d)?", said)]
    # a quarter of what is looked at is not quite one of the window
    assert told[: len(figures)] == pytest.approx(figures, rel=0.26)


@pytest.mark.parametrize(
    "rates",
    [
        [20_000] * 4,
        [20_000, 18_000, 15_000, 19_000],  # a neighbour, now and then
        [16_000, 20_000, 20_000, 20_000],  # connecting
    ],
)
def test_what_every_machine_does_is_not_told(rates: list[float]) -> None:
    assert remark(measured(rates)) == ""


def test_long_batches_that_come_all_at_once_are_steady() -> None:
    """450 ms a batch on all connections at once: two or three of them in a quarter of 1.25 s."""
    batches = Counter({450_000: 200 * 11})
    document = measured([0, *([0, 0, 40_000] * 11), 0, 0], batches)
    assert facts_of(document).steadiness == pytest.approx(0.67, abs=0.15)
    assert remark(document) == ""
    # the same quarters are not steady where a batch is short
    quick = measured([20_000, 9_000, 20_000, 20_000])
    assert remark(quick) != ""


def test_what_nobody_sampled_is_not_known() -> None:
    unknown = measured([40_000, 40_000, 10_000, 10_000])
    unknown["generators"][0]["samples"] = {}
    assert facts_of(unknown).pace is None
    assert remark(unknown) == ""
    ended_early = measured([40_000, 40_000, 10_000, 10_000])
    samples = ended_early["generators"][0]["samples"]
    ended_early["generators"][0]["samples"] = {k: v[:60] for k, v in samples.items()}
    assert facts_of(ended_early).pace is None
    backwards = measured([40_000, 40_000, 10_000, 10_000])
    backwards["generators"][0]["samples"]["nic_rx_bytes"][50] = 1
    assert facts_of(backwards).pace is None


def test_the_paces_of_several_generators_are_added() -> None:
    document = measured([20_000, 20_000, 5_000, 5_000])
    other = measured([20_000, 20_000, 5_000, 5_000])["generators"][0] | {"host": "other"}
    document["generators"].append(other)
    pace = facts_of(document).pace
    assert pace
    assert pace[0] == pytest.approx(40_000, rel=0.03)
    assert pace[3] == pytest.approx(10_000, rel=0.03)


def unsteady_run(folder: Path, *, steady: bool = False) -> Path:
    made = measured([20_000] * 4 if steady else [40_000, 40_000, 10_000, 10_000])
    return write_run(folder, run_document(["one"], 1), {"a.json": made})


def test_the_report_marks_the_figure(tmp_path: Path) -> None:
    rendered = render(judge_run(unsteady_run(tmp_path)))
    report = rendered.files["report.md"]
    assert "[1] |" in next(line for line in report.splitlines() if line.startswith("| One"))
    assert "- [1] One: the rate was not steady: it fell from 39," in report
    assert "**Something disturbed some of the measurements**" in report


def calibrated(folder: Path, *, steady: bool) -> calibration.CheckedServer:
    text = "one: {outcome: [ok], remark: [it fell], truths: {steadiness: {value: .25, within: .1}}}"
    (folder / "expected.yml").write_text(text)
    judged_run = judge_run(unsteady_run(folder / "run", steady=steady))
    expected = calibration.read_expected(folder / "expected.yml")
    (found,) = calibration.check_servers(judged_run, expected)
    return found


def test_a_calibration_asks_for_it(tmp_path: Path) -> None:
    found = calibrated(tmp_path, steady=False)
    assert found.wrong == []
    for text in (calibration.markdown("r", [found]), calibration.terminal([found])):
        assert "it fell from 39," in text
        assert "(true 0.250: " in text


def test_a_calibration_misses_it(tmp_path: Path) -> None:
    remarked, figure = calibrated(tmp_path, steady=True).wrong
    assert remarked == "the disturbances in round 1 have none of the words"
    assert re.match(r"steadiness is (0\.9|1\.0)", figure)


def test_the_column_is_a_share(tmp_path: Path) -> None:
    judged = judge_run(unsteady_run(tmp_path)).measurements[0]
    assert CellSummary.steadiness.value_in(judged) == pytest.approx(0.25, abs=0.02)


def test_a_healthy_closed_loop_is_steady_whatever_its_latency() -> None:
    for mean_us in (5_000, 40_000, 450_000):
        batches = closed_loop(mean_us, rng=random.Random(mean_us))
        rate = 5 * sum(batches.values()) / SECONDS
        assert remark(measured([rate] * 4, batches)) == ""
