"""collect.py list: the runs there are."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from pipebench.record.schema import RunError
from pipebench.show import listing
from tests.unit.command import collect
from tests.unit.pipebench.factory import run_document, write_run
from tests.unit.pipebench.runs import edit


def a_run(folder: Path, started: str, records: int, **other: object) -> Path:
    """A run of two frameworks in 6 rounds, whose records nobody may read: they are none."""
    document = run_document(["one", "two"], 6, run_id=folder.name, started=started, **other)
    return write_run(folder, document, {f"main-r{n:02}.json": "" for n in range(records)})


@pytest.fixture
def results(tmp_path: Path) -> Path:
    a_run(tmp_path / "old", "2026-01-01T10:00:00Z", 12)
    a_run(tmp_path / "new", "2026-03-01T10:00:00Z", 11)
    a_run(tmp_path / "going", "2026-02-01T10:00:00Z", 3, ended=None)
    (tmp_path / "going" / "raw" / ".being-written.json").write_text("{")
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text("")
    (tmp_path / "compare-old-new").mkdir()
    (tmp_path / "compare-old-new" / "compare.csv").write_text("")
    (tmp_path / "a file").write_text("")
    return tmp_path


def test_newest_first_with_their_states(results: Path) -> None:
    found, broken = listing.runs(results)
    assert [(one.run.run_id, one.state, one.measured) for one in found] == [
        ("new", "incomplete", 11),
        ("going", "under way", 3),
        ("old", "ended", 12),
    ]
    assert broken == [
        f"{results / 'broken' / 'run.json'} cannot be used: it is empty",
        f"{results / 'empty'} is not a run: it has no run.json",
    ]


def test_what_wrote_nothing_for_long_is_not_under_way(results: Path) -> None:
    later = datetime.now(UTC) + 2 * listing.AT_REST
    assert {one.state for one in listing.runs(results, later)[0]} == {"ended", "incomplete"}
    for path in (results / "going").iterdir():
        os.utime(path, (0, (later - timedelta(minutes=1)).timestamp()))
    assert "under way" in {one.state for one in listing.runs(results, later)[0]}


@pytest.mark.parametrize("between", ["_", "-"], ids=["today", "older runs"])
def test_no_more_is_measured_than_is_scheduled(tmp_path: Path, between: str) -> None:
    """Records of further rounds stay if precision ends the rounds earlier in a run that goes on."""
    folder = a_run(tmp_path / "more", "2026-01-01T10:00:00Z", 0)
    for number, name in product(range(1, 7), ("one", "two")):
        parts = ("main", f"r{number:02}", "001", name, "w1", "d5", "c200.json.gz")
        (folder / "raw" / between.join(parts)).touch()
    taken = {"main": {"rounds": 4, "reason": "enough"}}
    edit(folder / "run.json", rounds_taken=taken)
    (listed,), _ = listing.runs(folder)
    assert (listed.measured, listed.run.scheduled, listed.state) == (8, 8, "ended")
    # a further round does not replace what is missing
    min((folder / "raw").glob("main?r01?001?one?*")).unlink()
    (listed,), _ = listing.runs(folder)
    assert (listed.measured, listed.state) == (7, "incomplete")


def test_one_run_alone_and_no_folder(results: Path) -> None:
    found, _ = listing.runs(results / "old")
    assert [one.run.run_id for one in found] == ["old"]
    with pytest.raises(RunError, match="none is not a folder"):
        listing.runs(results / "none")


def test_a_line_a_run(results: Path) -> None:
    edit(results / "old" / "run.json", dirty=True)
    done = list_runs(results)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].split("  ")[0] == "run"
    assert [line.split()[0] for line in lines[1:]] == ["new", "going", "old"]
    for word in ("2026-01-01 10:00", "ended", "12 of 12", "one, two", "d5 c200 r6", "01234567+"):
        assert word in lines[3]
    assert len(done.stderr.splitlines()) == 2


def test_lines_are_cut_where_the_terminal_ends(results: Path) -> None:
    lines = listing.terminal(listing.runs(results)[0], 60).splitlines()
    assert {len(line) for line in lines} == {60}
    assert all(line.endswith("..") for line in lines)


def list_runs(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return collect("list", *words)


def test_without_any_run_it_says_so(tmp_path: Path) -> None:
    done = list_runs(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"There are no runs in {tmp_path} yet; ./bench makes one.\n"
    assert list_runs(tmp_path / "none").returncode == 2


def test_the_results_of_the_project_are_the_default() -> None:
    assert "example" in list_runs().stdout
