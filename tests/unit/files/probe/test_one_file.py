"""The probe as one file: the same bytes each time, and it runs with Python alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import commands
from tests.interpreters import interpreter
from tests.unit.files.probe.servers import ALL, healthy, running
from tests.unit.files.probe.test_command_line import PROBE, command


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("made") / "pipeprobe"
    typed = commands.filled("python3 files/probe --one-file pipeprobe", {"pipeprobe": file})
    done = commands.run(typed)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return file


def test_the_same_sources_make_the_same_bytes(made: Path, tmp_path: Path) -> None:
    other = tmp_path / "files"
    shutil.copytree(PROBE.parent, other)
    for path in other.rglob("*.py"):
        os.utime(path, (0, 0))
    file = tmp_path / "other.pyz"
    subprocess.run(["python3", other / "probe", "--one-file", file], check=True)
    assert file.read_bytes() == made.read_bytes()
    subprocess.run([made, "--one-file", tmp_path / "copy"], check=True)
    assert (tmp_path / "copy").read_bytes() == made.read_bytes()


def test_it_runs_where_nothing_else_is(made: Path, tmp_path: Path) -> None:
    alone = tmp_path / "probe"
    shutil.copy(made, alone)
    oldest = interpreter("3.9")
    words: dict[str, str | Path] = {
        "python3": oldest.executable,
        "pipeprobe": alone,
        "192.0.2.10": "127.0.0.1",
    }
    with running(healthy) as server:
        words["8080"] = str(server.port)
        typed = commands.filled("python3 pipeprobe 192.0.2.10 8080 --json -", words)
        done = commands.run(typed, None, **oldest.environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert [case["name"] for case in json.loads(done.stdout)["cases"]] == ALL
    assert sorted(path.name for path in tmp_path.iterdir()) == ["probe"]


def test_a_file_that_cannot_be_made(tmp_path: Path) -> None:
    done = command("--one-file", str(tmp_path / "none" / "probe"))
    assert done.returncode == 2
    assert "cannot be written: No such file" in done.stderr
