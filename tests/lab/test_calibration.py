"""Servers whose truth is known, through the real bench.yml: each is seen as what it is."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
# The probe of each is done with in seconds; plans/calibrate.yml has them all.
WRONG = {
    "closes-silently": ("degraded", "it closes after each batch"),
    "closes-saying-so": ("degraded", "it closes, or says that it will, after each batch"),
    "one-too-many": ("degraded", "beyond whole batches of 5"),
    "swapped": ("degraded", "probe: pipelined: out of order"),
    "truncated": ("failed", "answered 4 of 5 in each batch, then hung on all 20 connections"),
    "wrong-body": ("degraded", "probe: pipelined: wrong body"),
}

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def run(
    lab: object,  # noqa: ARG001 (it is up)
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    results = tmp_path_factory.mktemp("results")
    variables = {
        "bench_frameworks": [*WRONG, "delay-40ms"],
        "bench_duration": 2,
        "bench_warmup": 0,  # what they do, they do from the first batch on
        "bench_run_id": "calibration",
        "bench_results_dir": str(results),
    }
    command = [BIN / "ansible-playbook", "bench.yml", "-i", "inventory/lab"]
    done = subprocess.run(
        [*command, "-e", "@plans/calibrate.yml", "-e", json.dumps(variables)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    print(done.stdout[-6000:], done.stderr[-2000:])
    assert done.returncode == 0
    return results / "calibration"


@pytest.fixture(scope="module")
def seen(run: Path) -> dict[str, dict[str, str]]:
    with (run / "results.csv").open(newline="") as handle:
        return {row["framework"]: row for row in csv.DictReader(handle)}


@pytest.mark.parametrize("server", WRONG)
def test_what_it_does_wrong_is_its_outcome_and_its_reason(
    seen: dict[str, dict[str, str]], server: str
) -> None:
    outcome, words = WRONG[server]
    assert seen[server]["outcome"] == outcome
    assert words in seen[server]["reason"]


def test_a_batch_of_40_ms_takes_40_ms(seen: dict[str, dict[str, str]]) -> None:
    row = seen["delay-40ms"]
    assert (row["outcome"], row["reason"]) == ("ok", "")
    assert float(row["batch_latency_p50_us"]) == pytest.approx(40_000, rel=0.02)
    assert float(row["requests_per_s"]) == pytest.approx(2500, rel=0.05)


def test_what_was_probed_is_a_table(run: Path) -> None:
    assert len(list((run / "probe").iterdir())) == len(WRONG) + 1
    report = (run / "report.md").read_text()
    assert "| pipelined \\* |" in report
    assert "**out of order**" in report
