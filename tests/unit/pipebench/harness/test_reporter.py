"""Every line of a testbed is made of an event, and programs have in it what people read."""

from __future__ import annotations

import typing
from pathlib import Path

import pytest

from pipebench.harness.reporter import line_of
from pipebench.record.schema import (
    AnswersChecked,
    CrossChecked,
    GivenUp,
    HarnessFault,
    Measured,
    Notice,
    Pause,
    Probed,
    RoundsDecided,
    TestbedEvent,
)
from tests.unit.pipebench.harness.answers import run_of

COMMON: dict[str, typing.Any] = {
    "time": "2026-01-01T00:00:00Z", "run_id": "r", "seconds_left": None, "testbed": "main",
}  # fmt: skip
CELL: dict[str, typing.Any] = {
    "framework": "aiohttp", "workers": 1, "depth": 5, "connections": 200, "said": "2,000 req/s",
    "record": "raw/a.json.gz", "requests_per_s": 2000.0,
}  # fmt: skip
MEASURED = Measured(
    **COMMON | CELL | {"seconds_left": 90}, round=1, position=1, threads=10, number=1, count=2
)
EVENTS: list[tuple[TestbedEvent, str, bool]] = [
    (MEASURED, "[1/2] round 1  aiohttp            depth 5, 200 connections: 2,000 req/s", False),
    (
        CrossChecked(**COMMON | CELL, tool="h2load", round=None, rate=2500.0),
        "  h2load, constant rate  aiohttp            depth 5, 200 connections: 2,000 req/s of",
        False,
    ),
    (
        CrossChecked(**COMMON | CELL | {"requests_per_s": None}, tool="h2load", round=2, rate=None),
        "  h2load, round 2  aiohttp            depth 5, 200 connections: 2,000 req/s",
        True,
    ),
    (
        AnswersChecked(**COMMON | CELL | {"requests_per_s": None, "said": "9 answers"}, round=2),
        "  answers, round 2  aiohttp            depth 5, 200 connections: 9 answers checked",
        False,
    ),
    (
        Probed(
            **COMMON, framework="aiohttp", workers=1, number=1, count=2, probed=True, said="fine",
            record="probe/a.json",
        ),
        "probe 1/2 aiohttp: fine",
        False,
    ),
    (RoundsDecided(**COMMON, round=6, another=True, said="After round 6"), "After round 6", False),
    (Notice(**COMMON, said="The clocks"), "The clocks", True),
    (
        Pause(**COMMON, pause_s=15, reason="3 faults in a row"),
        "Testbed main had 3 faults in a row; the next try is in 15 s",
        True,
    ),
    (GivenUp(**COMMON, reason="6 faults"), "Testbed main is given up: 6 faults", True),
    (HarnessFault(**COMMON, record="tuning/s.json", reason="tuning s: no"), "tuning s: no", True),
]  # fmt: skip


@pytest.mark.parametrize(("event", "begins", "trouble"), EVENTS)
def test_an_event_is_a_line(
    tmp_path: Path, event: TestbedEvent, begins: str, *, trouble: bool
) -> None:
    line = line_of(event, run_of(tmp_path))
    assert line
    assert line.text.startswith(begins)
    assert line.trouble is trouble


def test_every_kind_of_event_has_been_asked() -> None:
    assert {type(event) for event, *_ in EVENTS} == set(typing.get_args(TestbedEvent))


def test_a_fault_that_a_measurement_says_itself_has_no_second_line(tmp_path: Path) -> None:
    fault = HarnessFault(**COMMON, record="raw/a.json.gz", reason="gone")
    assert line_of(fault, run_of(tmp_path)) is None


def test_words_of_a_server_make_no_line_of_their_own(tmp_path: Path) -> None:
    line = line_of(Notice(**COMMON, said="one\nRun r has ended"), run_of(tmp_path))
    assert line
    assert "\n" not in line.text
