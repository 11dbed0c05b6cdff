"""A run that was measured in parts says so, and an incomplete one says how it goes on."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from pipebench.record.run_record import load_run
from pipebench.record.values import LONGEST_LIST
from pipebench.show.interruptions import interruption_points
from pipebench.show.reproduce import resume_command
from tests.unit.command import collect
from tests.unit.pipebench.factory import record, run_document, write_run

INTERRUPTED = {
    "at": "2026-01-01T00:04:00Z",
    "resumed": "2026-01-01T02:09:00Z",
    "measured": 1,
    "changes": ["lab-server was booted again."],
}

MUST_BE_GIVEN = {"bench_tuning": ["full"], "bench_framework_dirs": ["tests/calibration"]}
"""What decides which code runs, or what hosts are set to."""


def run_with(folder: Path, **other: Any) -> Path:
    document = run_document(["one"], 2) | other
    return write_run(folder / "run", document, {"a.json": record(round=1)})


def test_it_says_when_it_was_interrupted_and_for_how_long(tmp_path: Path) -> None:
    folder = run_with(tmp_path, interruptions=[INTERRUPTED])
    (point,) = interruption_points(load_run(folder))
    assert point.claim == (
        "**This run was interrupted** at 2026-01-01 00:04 UTC, after 1 of now 2 measurements, and "
        "went on, 2 h 05 min later. Changed in between: lab-server was booted again."
    )
    collect(folder)
    assert "**This run was interrupted**" in (folder / "report.md").read_text()


def test_an_old_run_was_not_interrupted(tmp_path: Path) -> None:
    assert interruption_points(load_run(run_with(tmp_path))) == []


def test_of_very_many_the_first_are_shown_and_the_rest_counted(tmp_path: Path) -> None:
    folder = run_with(tmp_path, interruptions=[INTERRUPTED] * (LONGEST_LIST + 3))
    points = interruption_points(load_run(folder))
    assert len(points) == LONGEST_LIST + 1
    assert points[-1].claim == "and 3 more like these"


@pytest.mark.parametrize(
    ("typed", "variables", "goes_on"),
    [
        ([], {}, "./bench -e bench_resume=ID"),
        (
            ["-i", "inventory/cloud", "-e", "@plans/quick.yml", "-e", "bench_rounds=9"],
            {"bench_results_dir": "/data/runs"},
            "./bench -i inventory/cloud -e bench_resume=FOLDER",
        ),
        (["-e", "ansible_user=me"], {}, "./bench -e bench_resume=ID"),
        (
            ["-i", "my own"],
            MUST_BE_GIVEN,
            "./bench -i INVENTORY -e VARIABLES -e bench_resume=ID",
        ),
    ],
)
def test_the_command_that_goes_on_has_only_variables_that_must_be_given(
    tmp_path: Path, typed: list[str], variables: dict[str, Any], goes_on: str
) -> None:
    command = ["ansible-playbook", "bench.yml", *typed]
    folder = run_with(tmp_path, command=command)
    document = json.loads((folder / "run.json").read_text())
    document["variables"] |= {"bench_results_dir": "results"} | variables
    (folder / "run.json").write_text(json.dumps(document))
    run = load_run(folder)
    said = resume_command(run).replace(str(folder.resolve()), "FOLDER").replace(run.run_id, "ID")
    said = said.replace(shlex.quote(json.dumps(MUST_BE_GIVEN)), "VARIABLES")
    assert said == goes_on
    assert resume_command(run) in collect(folder).stderr


def test_a_fingerprint_of_another_run_is_said(tmp_path: Path) -> None:
    folder = run_with(tmp_path)
    file = next((folder / "hosts").iterdir())
    document = json.loads(file.read_text())
    for run_id, said in ((load_run(folder).run_id, 0), ("other", 1)):
        file.write_text(json.dumps(document | {"run_id": run_id}))
        run = load_run(folder)
        assert len(run.problems) == said
        assert "run_id" not in run.hosts[file.stem]
    assert run.problems == [f"hosts/{file.name} says that it is of another run"]
