"""Programs come to a host as they are in files/, all at once, and those that are gone go."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from action.programs_deploy import read_programs
from ansible.errors import AnsibleActionFail
from modules.programs_deploy import PYTHON, deploy

FILES = Path(__file__).parents[3] / "files"
FOLDERS = ["generator", "probe"]


def given(path: Path, folders: list[str]) -> dict[str, Any]:
    return {"path": str(path), "folders": folders, "files": read_programs(FILES, folders)}


def kept(path: Path) -> set[str]:
    """All files but what Python has compiled."""
    files = {file for file in path.rglob("*") if file.is_file() and file.suffix != ".pyc"}
    return {str(file.relative_to(path)) for file in files}


def test_the_programs_are_there_once_and_nothing_else_is(tmp_path: Path) -> None:
    first = deploy(given(tmp_path, FOLDERS), check_mode=False)
    assert first["changed"]
    assert {"generator/tools/wrk.py", "probe/__main__.py"} <= set(first["written"])
    assert kept(tmp_path) == set(first["written"])
    assert (tmp_path / "probe/cases.py").read_bytes() == (FILES / "probe/cases.py").read_bytes()
    second = deploy(given(tmp_path, FOLDERS), check_mode=False)
    assert second == {"changed": False, "written": [], "removed": []}


def test_they_are_compiled_for_a_user_who_may_not_write_there(tmp_path: Path) -> None:
    deploy(given(tmp_path, FOLDERS), check_mode=False)
    programs = {file.relative_to(tmp_path).with_suffix("") for file in tmp_path.rglob("*.py")}
    compiled = {
        file.relative_to(tmp_path).parent.parent / file.name.partition(".")[0]
        for file in tmp_path.rglob("*.pyc")
    }
    assert compiled == (programs if PYTHON.exists() else set())


def test_they_can_be_read_by_all_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        deploy(given(tmp_path / "opt", ["generator"]), check_mode=False)
    finally:
        os.umask(before)
    modes = {path.is_dir(): stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {True: 0o755, False: 0o644}


def test_what_differs_is_mended_and_what_is_gone_is_removed(tmp_path: Path) -> None:
    words = given(tmp_path, FOLDERS)
    deploy(words, check_mode=False)
    (tmp_path / "probe/report.py").write_text("changed")
    (tmp_path / "probe/target.py").chmod(0o600)
    (tmp_path / "generator/tools/old.py").write_text("")
    (tmp_path / "generator/notes.txt").write_text("not a program")
    (tmp_path / "elsewhere.py").write_text("")
    before = kept(tmp_path)
    needed = {
        "changed": True,
        "written": ["probe/report.py", "probe/target.py"],
        "removed": ["generator/tools/old.py"],
    }
    assert deploy(words, check_mode=True) == needed
    assert kept(tmp_path) == before
    assert deploy(words, check_mode=False) == needed
    assert kept(tmp_path) == before - {"generator/tools/old.py"}
    assert not deploy(words, check_mode=False)["changed"]


def test_a_folder_without_programs_is_refused() -> None:
    with pytest.raises(AnsibleActionFail, match="files/nowhere has no programs"):
        read_programs(FILES, ["host", "nowhere"])
