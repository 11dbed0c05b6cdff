"""Servers whose truth is known, through the real bench.yml: each is seen as what it is."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipebench.record.names import CALIBRATION, named, parts

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
# The probe of each is done with in seconds; plans/calibrate.yml has them all.
WRONG = {
    "closes-silently": ("degraded", "it closes, or sends what is not an answer, after each batch"),
    "closes-saying-so": ("degraded", "it closes, or says that it will, after each batch"),
    "one-too-many": ("failed", "wrong before the load: too many"),
    "swapped": ("degraded", "probe: pipelined: out of order"),
    "truncated": ("failed", "answered 4 of 5 in each batch, then hung on all 20 connections"),
    "wrong-body": ("failed", "wrong before the load: wrong body"),
}

# Of plans/calibrate_connections.yml: seen only on many connections, or while the load goes on.
WRONG_UNDER_LOAD = {
    "wrong-body-loaded": ("failed", "wrong under load: wrong body"),
    "swapped-loaded": ("failed", "wrong under load: out of order"),
    "hangs-one": ("degraded", "1 of 200 connections silent"),
    "serves-first-100": ("degraded", "were never served"),
}

# Of plans/calibrate_answers.yml: seen only in the answers that the load gets.
LIES = {
    "tiny-in-window": ("failed", "had another body"),
    "honest-on-20": ("failed", "had another body"),
    "moved-beyond-100": ("failed", "had status 302"),
    "wrong-once-in-1000": ("failed", "had another body"),
}

pytestmark = [pytest.mark.lab, pytest.mark.quiet]


def calibrated(plan: str, results: Path, servers: list[str], **variables: object) -> Path:
    """A run of some servers of a plan."""
    given = {
        "bench_frameworks": [named(CALIBRATION, server) for server in servers],
        "bench_run_id": "calibration",
        "bench_results_dir": str(results),
        "bench_path_capacity": False,
    } | variables
    command = [str(BIN / "ansible-playbook"), "bench.yml", "-i", "inventory/lab"]
    done = subprocess.run(
        [*command, "-e", f"@plans/{plan}.yml", "-e", json.dumps(given)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    print(done.stdout[-6000:], done.stderr[-2000:])
    assert done.returncode == 0
    return results / "calibration"


def rows_of(run: Path) -> dict[str, dict[str, str]]:
    with (run / "results.csv").open(newline="") as handle:
        return {parts(row["framework"]).variant: row for row in csv.DictReader(handle)}


@pytest.fixture(scope="module")
def run(
    lab: object,  # noqa: ARG001 (it is up)
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    return calibrated(
        "calibrate",
        tmp_path_factory.mktemp("results"),
        [*WRONG, "delay-40ms"],
        bench_duration=2,
        bench_warmup=0,  # what they do, they do from the first batch on
    )


@pytest.fixture(scope="module")
def seen(run: Path) -> dict[str, dict[str, str]]:
    return rows_of(run)


@pytest.fixture(scope="module")
def seen_under_load(
    lab: object,  # noqa: ARG001 (it is up)
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, dict[str, str]]:
    results = tmp_path_factory.mktemp("results")
    servers = [*WRONG_UNDER_LOAD, "delay-50ms"]
    return rows_of(calibrated("calibrate_connections", results, servers, bench_probe=False))


@pytest.fixture(scope="module")
def seen_in_answers(
    lab: object,  # noqa: ARG001 (it is up)
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, dict[str, str]]:
    results, servers = tmp_path_factory.mktemp("results"), [*LIES, "counts"]
    return rows_of(calibrated("calibrate_answers", results, servers, bench_probe=False))


@pytest.mark.parametrize("server", LIES)
def test_a_lie_to_the_load_is_seen(seen_in_answers: dict[str, dict[str, str]], server: str) -> None:
    outcome, words = LIES[server]
    assert seen_in_answers[server]["outcome"] == outcome, seen_in_answers[server]["reason"]
    assert words in seen_in_answers[server]["reason"]


def test_answers_that_vary_in_length_are_right(
    seen_in_answers: dict[str, dict[str, str]],
) -> None:
    row = seen_in_answers["counts"]
    assert (row["outcome"], row["reason"]) == ("ok", "")


@pytest.mark.parametrize("server", WRONG)
def test_what_it_does_wrong_is_its_outcome_and_its_reason(
    seen: dict[str, dict[str, str]], server: str
) -> None:
    outcome, words = WRONG[server]
    assert seen[server]["outcome"] == outcome, seen[server]["reason"]
    assert words in seen[server]["reason"]


@pytest.mark.parametrize("server", WRONG_UNDER_LOAD)
def test_what_it_does_wrong_under_load_is_seen(
    seen_under_load: dict[str, dict[str, str]], server: str
) -> None:
    outcome, words = WRONG_UNDER_LOAD[server]
    assert seen_under_load[server]["outcome"] == outcome, seen_under_load[server]["reason"]
    assert words in seen_under_load[server]["reason"]


def test_a_healthy_server_on_many_connections_is_ok(
    seen_under_load: dict[str, dict[str, str]],
) -> None:
    row = seen_under_load["delay-50ms"]
    assert (row["outcome"], row["reason"]) == ("ok", "")
    assert (row["connections_silent"], row["connections_unserved"]) == ("0", "0")
    assert int(row["verified_requests"]) > 0
    assert row["verified_wrong"] == "0"


def test_a_batch_of_40_ms_takes_40_ms(seen: dict[str, dict[str, str]]) -> None:
    row = seen["delay-40ms"]
    assert (row["outcome"], row["reason"]) == ("ok", "")
    assert float(row["batch_latency_p50_us"]) == pytest.approx(40_000, rel=0.02)
    # wrk's clock stops at a tick, up to 0.1 of 2 s after its threads: 5 %, beside 1 % of latency
    assert float(row["requests_per_s"]) == pytest.approx(2500, rel=0.07)


def test_what_was_probed_is_a_table(run: Path) -> None:
    assert len(list((run / "probe").iterdir())) == len(WRONG) + 1
    report = (run / "report.md").read_text()
    assert "| pipelined \\* |" in report
    assert "**out of order**" in report
