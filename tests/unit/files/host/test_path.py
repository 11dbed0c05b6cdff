"""What iperf3 says of a path is kept whole, and so is what it could not do."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from host import path

from tests.present import present

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

    monkeypatch.setattr(subprocess, "run", run)
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
    assert said in present(execution["error"])


def test_all_of_it_takes_less_than_8_s() -> None:
    assert sum(int(options[3]) for _, _, options in path.TESTS) <= 6
