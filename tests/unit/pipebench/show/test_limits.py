"""What limited the cells, for readers: few one by one, many by framework."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from pipebench.frame.cells import summary
from pipebench.rules.bottleneck import LimitedBy
from pipebench.rules.rule import Outcome
from pipebench.run.cells import labels
from pipebench.run.entries import Summarised
from pipebench.run.figures import CellSummary
from pipebench.run.judge import judge_run
from pipebench.show.limits import LimitLine, limit_lines
from pipebench.show.terminal import terminal
from tests.unit.pipebench.factory import record, run_document, write_run


@pytest.fixture
def row(tmp_path: Path) -> CellSummary:
    folder = write_run(tmp_path, run_document(["one"], 1), {"main-r01-001-one.json": record()})
    (made,) = summary(judge_run(folder))
    return made


def on_testbeds(row: CellSummary, count: int, **other: Any) -> list[CellSummary]:
    """The same cell on so many testbeds, each a little faster and with a sentence of its own."""
    return [
        replace(
            row,
            cell=structs.replace(row.cell, testbed=f"t{number:02}"),
            limit=f"it used 0.{number:02} of 1 core",
            figures=row.figures | {"requests_per_s": Summarised(1000.0 + number)},
            **other,
        )
        for number in range(1, count + 1)
    ]


def lines(rows: list[CellSummary]) -> list[LimitLine]:
    return limit_lines(rows, labels(one.cell for one in rows))


def test_few_cells_have_their_own_sentences(row: CellSummary) -> None:
    rows = on_testbeds(row, 20, limited_by=LimitedBy.SERVER)
    assert len(lines(rows)) == 20
    assert lines(rows)[0] == LimitLine(
        "One (testbed t01)", LimitedBy.SERVER, "it used 0.01 of 1 core"
    )


def test_cells_with_the_same_sentence_share_a_line(row: CellSummary) -> None:
    rows = [replace(one, limit="all idle") for one in on_testbeds(row, 3)]
    (line,) = lines(rows)
    assert line.names == "One (testbed t01), One (testbed t02), One (testbed t03)"


def test_many_cells_are_a_line_for_each_framework_and_limit(row: CellSummary) -> None:
    rows = on_testbeds(row, 20, limited_by=LimitedBy.SERVER)
    rows += on_testbeds(row, 2, limited_by=LimitedBy.GENERATOR)
    rows += on_testbeds(replace(row, title="two"), 1, limited_by=LimitedBy.SERVER)
    assert [(line.names, line.limit) for line in lines(rows)] == [
        (
            (
                "One, 20 rows (testbed t01; testbed t02; testbed t03; testbed t04; testbed t05; "
                "testbed t06; 14 more)"
            ),
            LimitedBy.SERVER,
        ),
        ("One, 2 rows (testbed t01; testbed t02)", LimitedBy.GENERATOR),
        ("two (testbed t01)", LimitedBy.SERVER),
    ]
    assert lines(rows)[0].sentence == "at testbed t20, it used 0.20 of 1 core"


def test_without_a_rate_there_is_no_limit(row: CellSummary) -> None:
    assert lines([replace(row, limit=None, limited_by=None)]) == []


def test_the_terminal_says_a_reason_of_many_rows_once(tmp_path: Path, row: CellSummary) -> None:
    failed = [
        replace(one, outcome=Outcome.FAILED, reason=f"crashed after {n} s")
        for n, one in enumerate(on_testbeds(row, 4))
    ]
    judged_run = judge_run(tmp_path)
    said = terminal(judged_run, failed)
    assert "one, 4 rows, the first (testbed t01): failed: crashed after 0 s" in said
    assert "crashed after 1 s" not in said
    assert terminal(judged_run, failed[:3]).count("crashed after") == 3
