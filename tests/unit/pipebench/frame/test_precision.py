"""Whether rounds are enough: by the width of intervals, never by where they lie."""

import random
from pathlib import Path
from typing import Any

import pytest

from pipebench.frame.precision import run_precision
from pipebench.harness.rounds import decide_rounds
from pipebench.run.judge import judge_run
from pipebench.stats.precision import Precision
from tests.unit.pipebench.factory import record_of, run_document, write_run
from tests.unit.pipebench.harness.answers import run_of as planned

DECLARED = {"min": 6, "max": 8, "until_relative_width": 0.2}


def run_of(folder: Path, means: dict[str, int], rounds: int) -> Path:
    rng = random.Random(5)  # noqa: S311
    document = run_document(list(means), rounds)
    document["variables"] |= {"bench_reference": "alpha", "bench_rounds": DECLARED}
    document["frameworks"].get("top", {})["role"] = "ceiling"
    records: dict[str, Any] = {}
    for number in range(1, rounds + 1):
        for name, mean in means.items():
            made = record_of(name, mean, rng) | {"framework": name, "round": number}
            records[f"{number}-{name}.json"] = made
    return write_run(folder, document, records)


def found(folder: Path, until: float, testbed: str = "main") -> Precision:
    return run_precision(judge_run(folder), testbed, until)


def test_the_widest_interval_decides(tmp_path: Path) -> None:
    run = run_of(tmp_path, {"alpha": 80_000, "beta": 160_000}, 6)
    wide = found(run, 0.001)
    assert not wide.enough
    assert "(beta, depth 5, 200 connections), above the 0.1% declared" in wide.reason
    assert found(run, 0.2).enough


def test_a_difference_is_no_reason_to_stop_and_none_is_no_reason_to_go_on(tmp_path: Path) -> None:
    for name, mean in (("same", 80_000), ("other", 240_000)):
        run = run_of(tmp_path / name, {"alpha": 80_000, "beta": mean}, 6)
        assert (found(run, 0.2).enough, found(run, 0.01).enough) == (True, False)


def test_below_six_rounds_there_is_no_interval_to_be_narrow(tmp_path: Path) -> None:
    told = found(run_of(tmp_path, {"alpha": 80_000, "beta": 80_000}, 5), 0.9)
    assert told == Precision(False, "beta, depth 5, 200 connections has no interval yet")


def test_what_is_not_ok_and_the_ceiling_have_no_say(tmp_path: Path) -> None:
    means = {"alpha": 80_000, "crasher": 0, "absent": 0, "closer": 120_000, "top": 50_000}
    told = found(run_of(tmp_path, means, 6), 0.0001)
    assert told == Precision(True, "no interval could be made narrower")
    assert found(tmp_path, 0.5, "elsewhere").enough


def test_a_reference_that_is_not_ok_leaves_the_rates_as_they_are(tmp_path: Path) -> None:
    run = run_of(tmp_path, {"beta": 80_000}, 6)
    (run / "raw" / "bad.json").write_text("")
    told = found(run, 0.0001)
    assert not told.enough
    assert "beta" in told.reason


@pytest.mark.parametrize(
    ("rounds", "until", "ends", "said"),
    [
        (5, 0.2, False, ""),
        (6, 0.0001, False, "another round"),
        (6, 0.2, True, ": enough"),
        (8, 0.0001, True, "no more than 8 rounds were declared"),
    ],
)
def test_a_testbed_is_told_when_to_stop(
    tmp_path: Path, rounds: int, until: float, said: str, *, ends: bool
) -> None:
    run_of(tmp_path, {"alpha": 80_000, "beta": 160_000}, rounds)
    run = planned(tmp_path, bench_rounds=DECLARED | {"until_relative_width": until})
    decision = decide_rounds(run, "main", rounds)
    assert (decision.progress if decision else "").endswith(said)
    assert bool(decision and decision.reason) == ends


def test_a_number_of_rounds_is_never_questioned(tmp_path: Path) -> None:
    assert decide_rounds(planned(tmp_path, bench_rounds=6), "main", 6) is None
