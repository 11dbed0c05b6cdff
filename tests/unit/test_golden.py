"""Runs that were recorded in November 2026, judged again: the figures must be those of that day.

tests/data/golden/NAME.tar.xz holds the raw records of a run, and the folder NAME beside it the
tables that were made of them then.
"""

from __future__ import annotations

import csv
import tarfile
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pytest

from pipebench.cli import main

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "data" / "golden"
NAMES = ["example", "2017", "calibrate", "crosscheck"]
# Sentences may be worded anew, but where something was wrong one must still be there.
SENTENCES = {"reason", "problem"}
REMARKS = {"limit", "noise"}

Row = dict[str, str]


def analyse(folder: Path) -> None:
    """Write the tables of a run, and calibration.md where servers of known truth were measured."""
    commands = ["render"]
    if (GOLDEN / folder.name / "calibration.md").exists():
        commands.append("calibrate")
    for command in commands:
        # 1: something in the run is not as it should be, which is in the tables, too
        assert main([command, str(folder)]) in (0, 1)


@pytest.fixture(scope="module", params=NAMES)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run, whose tables were made anew."""
    folder: Path = tmp_path_factory.mktemp("golden") / request.param
    with tarfile.open(GOLDEN / f"{folder.name}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    analyse(folder)
    return folder


def test_every_figure_is_what_it_was(run: Path) -> None:
    tables = sorted(path.name for path in (GOLDEN / run.name).glob("*.csv"))
    assert {"results.csv", "summary.csv"} <= set(tables)
    differences = [line for name in tables for line in _differences(run, name)]
    assert not differences, "\n".join(differences[:40])


def test_each_server_of_known_truth_is_seen_as_it_was(run: Path) -> None:
    expected = GOLDEN / run.name / "calibration.md"
    if not expected.exists():
        assert not (run / "calibration.md").exists()
        return
    assert _verdicts(run / "calibration.md") == _verdicts(expected)


def test_both_stacks_stand_beside_what_was_published(run: Path) -> None:
    report = (run / "report.md").read_text()
    assert ("| go-fasthttp | 154,092 |" in report) is (run.name == "2017")


def _differences(run: Path, name: str) -> list[str]:
    """A line for each cell of a table that is not what it was; columns may have been added."""
    expected, made = _rows(GOLDEN / run.name / name), _rows(run / name)
    if len(expected) != len(made):
        return [f"{name}: {len(made)} rows, not {len(expected)}"]
    return [
        f"{name}, row {number}, {column}: {after.get(column)!r}, not {before[column]!r}"
        for column in expected[0]
        for number, (before, after) in enumerate(zip(expected, made, strict=True), 1)
        if not _same(column, before[column], after.get(column), _decimals(expected, column))
    ]


def _rows(path: Path) -> list[Row]:
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def _same(column: str, before: str, after: str | None, decimals: int) -> bool:
    if after is None or column in REMARKS:
        return after is not None
    if not before or not after:
        return before == after
    if column in SENTENCES:
        return True
    was, now = _number(before), _number(after)
    if was is None or now is None:
        return before == after
    return abs(now - was) <= Decimal(1).scaleb(-decimals) / 2


def _decimals(rows: list[Row], column: str) -> int:
    """To how many decimals a column was rounded; a trailing zero is not written."""
    numbers = [number for row in rows if (number := _number(row[column])) is not None]
    return max((-int(number.as_tuple().exponent) for number in numbers), default=0)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _verdicts(path: Path) -> dict[str, bool]:
    """Of calibration.md: each server, and whether it was seen as what it is."""
    rows = [line.strip("| ").split(" | ") for line in path.read_text().splitlines() if "|" in line]
    return {row[0]: row[-1].startswith("yes") for row in rows[2:]}
