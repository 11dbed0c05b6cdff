"""plans/crosscheck.yml on the lab's machines: h2load beside wrk, and a rate that is kept."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from lab.tests.fixture import Lab

pytestmark = [pytest.mark.lab, pytest.mark.quiet]


def test_h2load_finds_what_wrk_finds(lab: Lab, tmp_path: Path) -> None:
    variables = {
        "bench_frameworks": ["fasthttp"],
        "bench_results_dir": str(tmp_path),
        "bench_run_id": "lab-crosscheck",
        "bench_connections": [20],
        "bench_path_capacity": False,
        "bench_controls": False,
        "bench_probe": False,
        "bench_check_answers": False,
        "bench_duration": 1,
        "bench_warmup": 0,
        "bench_rounds": 2,
    }
    done = lab.playbook(
        "bench.yml", "-e", "@plans/crosscheck.yml", "-e", json.dumps(variables)
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    folder = tmp_path / "lab-crosscheck"
    assert len(list((folder / "raw").iterdir())) == 2
    assert len(list((folder / "crosscheck").iterdir())) == 3
    with (folder / "crosscheck.csv").open(newline="") as handle:
        (row,) = csv.DictReader(handle)
    assert row["problem"] == ""
    assert row["rounds"] == "2"
    # Short runs on a shared machine: the harness is tested here, not the agreement.
    assert 0.5 < float(row["throughput_ratio"]) < 2
    assert float(row["h2load_under_way"]) == pytest.approx(1, abs=0.05)
    wanted = float(row["wanted_per_s"])
    assert wanted == pytest.approx(0.6 * float(row["wrk_requests_per_s"]), rel=0.01)
    assert float(row["achieved_per_s"]) == pytest.approx(wanted, rel=0.2)
