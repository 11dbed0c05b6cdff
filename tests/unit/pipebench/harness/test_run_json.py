"""run.json, from a run's beginning to its end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipebench.harness.run_json import note
from pipebench.record.progress import append_event
from pipebench.record.schema import GivenUp, HarnessFault
from tests.progress import checked
from tests.unit.pipebench.harness.answers import run_of

MEASURED = {
    "main": {"rounds_taken": {"rounds": 6, "reason": "r"}, "controller_cpu_s": 1.5},
    "b": {},
    "c": {"rounds_taken": {}, "controller_cpu_s": 2.0},
}


def read(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return document


def test_run_json_is_there_from_the_start_and_is_completed(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    line = note(run, "started", "2.19")
    begun = read(tmp_path)
    assert line.startswith("Run r, 2 measurements: 1 cells x 2 rounds; about")
    assert begun["ended"] is None
    assert "path" not in begun["frameworks"]["aiohttp"]
    assert note(run, "measuring_ended", "", MEASURED) == ""
    assert note(run, "ended", "") == ""
    ended = read(tmp_path)
    assert ended["started"] == begun["started"] <= ended["ended"]
    assert ended["controller_cpu_s"] == {"main": 1.5, "c": 2.0}
    assert ended["rounds_taken"] == {"main": {"rounds": 6, "reason": "r"}}
    assert (ended["harness_faults"], ended["given_up"]) == ([], {})


def test_run_json_tells_what_the_harness_could_not_do(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    note(run, "started", "2.19")
    about: dict[str, Any] = {"time": "t", "run_id": "r", "seconds_left": None, "testbed": "main"}
    reason = "the load on g: gone"
    append_event(tmp_path, HarnessFault(**about, record="raw/a.json", reason=reason))
    append_event(tmp_path, GivenUp(**about, reason="6 faults in a row"))
    note(run, "measuring_ended", "2.19")
    assert read(tmp_path)["harness_faults"] == [{"record": "raw/a.json", "reason": reason}]
    assert read(tmp_path)["given_up"] == {"main": "6 faults in a row"}
    note(run, "ended", "2.19")
    assert checked(tmp_path / "progress.jsonl")[-1]["harness_faults"] == 1


def test_a_moment_that_is_not_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="moment is 'begun'; it must be one of started, "):
        note(run_of(tmp_path), "begun", "")
