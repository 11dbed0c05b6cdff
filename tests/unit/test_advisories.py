"""Known vulnerabilities are said of the locks of today, and of these only."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests import advisories


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pip-audit that answers what stands in a file, and keeps what it was asked."""
    program = tmp_path / "pip-audit"
    program.write_text(f"#!/bin/sh\ncat $2 >> {tmp_path}/asked\ncat {tmp_path}/answer\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def answer(database: Path, *packages: dict[str, object]) -> None:
    (database / "answer").write_text(json.dumps({"dependencies": packages}))


def test_a_known_vulnerability_fails(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = {"id": "PYSEC-1", "fix_versions": ["2.0"]}
    answer(database, {"name": "a", "version": "1.0", "vulns": [found]})
    assert advisories.main() == 1
    assert "a 1.0: PYSEC-1, mended in 2.0" in capsys.readouterr().out


def test_a_database_that_is_not_reached_is_said(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(database, {"name": "a", "version": "1.0", "skip_reason": "not found"})
    assert advisories.main() == 0
    assert "The advisory database was not reached" in capsys.readouterr().out


def test_the_locks_of_today_are_asked_about_and_no_others(database: Path) -> None:
    answer(database)
    advisories.main()
    asked = set((database / "asked").read_text().split())
    names = {path.parent.name for path in advisories.locks()}
    assert {"aiohttp", "granian", "socketify"} <= names
    assert "2017" not in names
    (current,) = advisories.versions([advisories.ROOT / "servers/aiohttp/requirements.txt"])[
        "aiohttp"
    ]
    assert f"aiohttp=={current}" in asked
