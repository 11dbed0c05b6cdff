"""What iperf3 says of a path is kept whole, and so is what it could not do."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from action import baseline_record
from host import path

from tests.unit.test_actions import TESTBED, act, run_of

ANSWER = {
    "start": {"version": "iperf 3.18"},
    "intervals": [1, 2, 3],
    "end": {"streams": [1], "sum_sent": {"bytes": 9}, "cpu_utilization_percent": {"x": 1}},
}


@pytest.fixture
def iperf3(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What iperf3 prints and ends with; or what running it raises."""
    answers: list[Any] = []

    def run(argv: tuple[str, ...], **_: Any) -> subprocess.CompletedProcess[str]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return subprocess.CompletedProcess(argv, answer[0], answer[1], "")

    monkeypatch.setattr(path.subprocess, "run", run)
    return answers


def test_of_a_test_the_sums_are_kept(iperf3: list[Any]) -> None:
    iperf3.append((0, json.dumps(ANSWER)))
    execution = path.execute("198.18.0.11", 8080, path.UDP)
    assert execution["error"] is None
    assert execution["end"] == {"sum_sent": {"bytes": 9}, "cpu_utilization_percent": {"x": 1}}
    assert execution["streams"] == 2
    assert execution["started"] <= execution["ended"]
    assert execution["argv"][:5] == ["iperf3", "--client", "198.18.0.11", "--port", "8080"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((1, '{"error": "unable to connect to server"}'), "unable to connect to server"),
        ((1, ""), "iperf3"),
        ((0, '{"start": {}}'), "end"),
        (FileNotFoundError("no iperf3"), "no iperf3"),
        (subprocess.TimeoutExpired("iperf3", 5), "timed out"),
    ],
)
def test_a_test_that_fails_is_a_sentence(iperf3: list[Any], answer: Any, said: str) -> None:
    iperf3.append(answer)
    execution = path.execute("198.18.0.11", 8080, path.TCP)
    assert execution["end"] is None
    assert said in execution["error"]


def test_all_of_it_takes_less_than_8_s() -> None:
    assert sum(int(options[3]) for _, _, options in path.TESTS) <= 6


def write(folder: Path, **given: Any) -> dict[str, Any]:
    act(baseline_record, run=run_of(folder), testbed=TESTBED, **given)
    record: dict[str, Any] = json.loads((folder / "baseline" / "main.json").read_text())
    return record


def test_a_baseline_is_recorded_whole(tmp_path: Path) -> None:
    samples = {"t": [1.5], "nic_rx_bytes": [7]}
    record = write(
        tmp_path,
        started={"version": "3.18", "cpus": 4},
        measured={"version": "3.16", "cpus": 2, "tests": [1], "samples": json.dumps(samples)},
        stopped={"samples": json.dumps(samples)},
    )
    assert record["schema_version"] == 1
    assert record["server"] == {"host": "s", "version": "3.18", "cpus": 4, "samples": samples}
    assert record["generator"] == {"host": "g", "version": "3.16", "cpus": 2, "samples": samples}
    assert record["tests"] == [1]
    assert record["error"] is None


def test_a_baseline_that_could_not_be_measured_is_recorded(tmp_path: Path) -> None:
    record = write(
        tmp_path,
        started={"failed": True, "msg": "iperf3 did not listen within 3 s"},
        measured={"skipped": True},
        stopped={"unreachable": True},
    )
    assert record["error"] == "iperf3 on s: task failed: iperf3 did not listen within 3 s"
    assert record["tests"] == []
    assert record["generator"]["samples"] == {}
