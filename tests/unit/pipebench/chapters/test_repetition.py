"""The end of a run that measures another one again: the comparison with that one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.unit.command import collect
from tests.unit.pipebench.runs import edit, made_run

MEANS = {"one": 50_000, "one-again": 50_000, "two": 40_000}
CHANGE = "two: the run had x 1, and requirements.txt here has 2."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, and one like it in which `two` is slower, on a server of another kernel."""
    folder = tmp_path_factory.mktemp("results")
    made_run(folder / "first", MEANS)
    like = {"run_id": "first", "path": "first", "changes": [CHANGE]}
    made_run(folder / "second", MEANS | {"two": 60_000}, like=like)
    for name, kernel in (("first", "6.1"), ("second", "6.2")):
        hosts = folder / name / "hosts"
        hosts.mkdir(exist_ok=True)
        for host in ("lab-server", "lab-loadgen"):
            about = {"kernel": kernel, "cpu": {"model": "A"}}
            (hosts / f"{host}.json").write_text(json.dumps(about))
        installed = {"packages": {"x": kernel}}
        used = {"hostname": name, "frameworks": dict.fromkeys(MEANS, installed)}
        edit(hosts / "lab-server.json", **used)
    return folder


@pytest.fixture
def results(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "results")


def rendered(results: Path) -> tuple[Any, str]:
    """The run's own last lines, and its report."""
    done = collect(results / "second")
    return done, (results / "second" / "report.md").read_text()


def test_a_run_ends_with_its_comparison_to_the_earlier_one(results: Path) -> None:
    done, report = rendered(results)
    assert done.returncode == 0, done.stderr
    printed = done.stdout
    assert "second against first" in printed
    assert "slower" in printed
    # a difference of several parts is said once
    assert "  server, generator: kernel: 6.1 -> 6.2\n" in printed
    assert "  server: hostname: first -> second\n" in printed
    assert "  3 frameworks: x: 6.1 -> 6.2\n" in printed
    assert f"Accepted as different: {CHANGE}" in printed
    said = printed.rstrip().splitlines()[-2:]
    assert [line.split(": ")[0] for line in said] == ["Comparison", "Report"]
    assert said[0].endswith("second/compare.md")
    compared = (results / "second" / "compare.md").read_text()
    assert "| server | kernel | 6.1 | 6.2 |" in compared
    assert "## Compared with first" in report
    assert "second against first: 1 slower, 1 tied." in report
    assert "before it began: two: the run had x 1" in report
    assert "[compare.md](compare.md)" in report
    # the same as `compare` says
    done = collect("compare", results / "first", results / "second", "--output", results / "by")
    assert (results / "by" / "compare.md").read_text() == compared


def gone(results: Path) -> None:
    shutil.rmtree(results / "first")


def another(results: Path) -> None:
    edit(results / "first" / "run.json", run_id="third")
    for path in (results / "first" / "raw").iterdir():
        edit(path, run_id="third")


def unmeasured(results: Path) -> None:
    shutil.rmtree(results / "first" / "raw")


def elsewhere(results: Path) -> None:
    gone(results)
    made_run(results / "first", MEANS, depth=16)


def unspeakable(results: Path) -> None:
    edit(results / "second" / "run.json", like__path="x" * 5000)


REASONS = {
    "its folder cannot be looked for: File name too long": unspeakable,
    "its folder, first, is not there any more": gone,
    "first has another run now, third": another,
    "has no usable measurement": unmeasured,
    "shares no cell with": elsewhere,
}


@pytest.mark.parametrize("reason", REASONS)
def test_a_comparison_that_cannot_be_made_is_a_sentence(results: Path, reason: str) -> None:
    REASONS[reason](results)
    done, report = rendered(results)
    assert done.returncode == 0, done.stderr
    for text in (done.stdout, report):
        said = " ".join(text.split())
        assert "The run first, which was measured again, is not compared:" in said
        assert reason in said
    assert not (results / "second" / "compare.md").exists()
    assert "Comparison:" not in done.stdout


def test_a_run_that_measured_nothing_yet(results: Path) -> None:
    shutil.rmtree(results / "second" / "raw")
    done, report = rendered(results)
    assert done.returncode == 1
    assert "is not compared: this run has no usable measurement." in report


def test_a_broken_note_of_the_earlier_run_is_named(results: Path) -> None:
    edit(results / "second" / "run.json", like={"run_id": 5})
    done, report = rendered(results)
    assert done.returncode == 1
    assert "like" in done.stderr
    assert "Compared with" not in report
