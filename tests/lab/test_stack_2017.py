"""The servers of 2017 on the lab's machines do again what was published of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from lab.tests.fixture import Lab

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.lab

NAMES = ["uvloop-httptools@2017-closing", "tornado@2017", "tornado", "sanic@2017", "japronto@2017"]


@pytest.fixture(scope="module")
def run(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those that have something to show, once each: the run's folder."""
    results = tmp_path_factory.mktemp("results")
    variables = yaml.safe_load((ROOT / "plans" / "2017.yml").read_text()) | {
        "bench_frameworks": NAMES,
        "bench_results_dir": str(results),
        "bench_run_id": "2017",
        "bench_duration": 3,
        "bench_warmup": 1,
        "bench_rounds": 1,
        "bench_controls": False,
        "bench_probe": False,
        "bench_check_answers": False,
        "bench_path_capacity": False,
    }
    done = lab.playbook("bench.yml", "-e", json.dumps(variables))
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return results / "2017"


@pytest.fixture(scope="module")
def rows(run: Path) -> dict[str, dict[str, str]]:
    with (run / "results.csv").open(newline="") as handle:
        found = {row["framework"]: row for row in csv.DictReader(handle)}
    assert set(found) == set(NAMES)
    return found


def test_sanic_answers_once_on_each_connection(rows: dict[str, dict[str, str]]) -> None:
    assert rows["sanic@2017"]["outcome"] == "failed"
    assert rows["sanic@2017"]["requests"] == rows["sanic@2017"]["connections"] == "200"


def test_the_closing_server_costs_a_read_error_a_batch(rows: dict[str, dict[str, str]]) -> None:
    closing = rows["uvloop-httptools@2017-closing"]
    assert closing["outcome"] == "degraded"
    assert int(closing["requests"]) > 0
    assert int(closing["read_errors"]) == pytest.approx(int(closing["requests"]) / 5, rel=0.02)


def test_japronto_crashes(rows: dict[str, dict[str, str]], run: Path) -> None:
    assert rows["japronto@2017"]["outcome"] == "failed"
    assert "SIG" in rows["japronto@2017"]["reason"]
    log = (run / "logs" / "lab-server" / "japronto@2017.log").read_text()
    assert "code=dumped" in log or "code=killed" in log


def test_the_report_has_its_chapter(rows: dict[str, dict[str, str]], run: Path) -> None:
    report = (run / "report.md").read_text()
    chapter = report.split("## 2017 beside today\n")[1].split("\n## ")[0]
    assert rows["tornado@2017"]["outcome"] == "ok"
    for title in ("tornado", "sanic", "japronto"):
        assert f"\n- **{title}**\n" in chapter
    assert "200 requests on 200 connections, and no error counted (1 of 1 rounds)" in chapter
    variants = report.split("## Variants\n")[1].split("\n## ")[0]
    assert "\n| tornado@2017 | stack 2017, CPython 3.7, files | " in variants
