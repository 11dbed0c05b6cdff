"""A table as text, as Markdown, and as values."""

import pytest

from pipebench.frame.cells import summary
from pipebench.run.figures import CellSummary
from pipebench.run.judge import judge_run
from pipebench.show.cells_table import report_table, terminal_table
from pipebench.show.table import COLUMNS, Field, Head, Table
from tests.unit.pipebench.factory import DATA


@pytest.fixture(scope="module")
def rows() -> list[CellSummary]:
    return summary(judge_run(DATA / "run"))


def test_fields_have_the_value_that_they_show(rows: list[CellSummary]) -> None:
    table = report_table(rows)
    rate = next(n for n, head in enumerate(table.heads) if head.name == "requests_per_s")
    assert table.heads[rate] == Head("requests/s", number=True, name="requests_per_s")
    for row, fields in zip(rows, table.rows, strict=True):
        value = row.requests_per_s.value
        assert fields[rate].value == value
        assert fields[rate].text == ("-" if value is None else f"{value:,.0f}")
        assert bool(fields[rate].interval) == (row.requests_per_s.low is not None)


def test_both_tables_name_frameworks_in_their_way(rows: list[CellSummary]) -> None:
    names = {row.cell.framework for row in rows}
    assert {fields[0].text for fields in terminal_table(rows).rows} == names
    assert {fields[0].text for fields in report_table(rows).rows} == {row.title for row in rows}


def test_markdown_is_escaped_but_for_notes() -> None:
    table = Table(
        [Head("a|b"), Head("n", number=True)], [[Field("x*"), Field("1", 1, "(2)", "**!**")]]
    )
    assert table.markdown.splitlines() == [
        r"| a\|b | n |",
        "| --- | ---: |",
        r"| x\* | 1 (2) **!** |",
    ]


def test_the_column_that_may_shrink_gives_way() -> None:
    heads = [Head("name", name="name"), Head("reason"), Head("n", number=True)]
    lines = Table(heads, [[Field("x" * 80), Field("y" * 60), Field("1")]]).aligned("name")
    head, row = lines.splitlines()
    assert len(row) == COLUMNS
    assert row.startswith("xxxx")
    assert ".." in row
    assert row.endswith("1")
    assert head.endswith("n")
