"""docs/columns.md, and the promises of the files' columns to those who read them."""

import pytest

from pipebench.commands.columns import page
from pipebench.compare.columns import COLUMNS, COMPARE_FIRST
from pipebench.run.tables import RESULTS, RESULTS_FIRST, SUMMARY, SUMMARY_FIRST
from tests.unit.pipebench.runs import ROOT


def test_the_page_of_columns_is_current() -> None:
    # ./collect.py columns > docs/columns.md
    assert (ROOT / "docs" / "columns.md").read_text(encoding="utf-8") == page()


@pytest.mark.parametrize(
    ("columns", "first"),
    [
        ([column.name for column in RESULTS], RESULTS_FIRST),
        ([column.name for column in SUMMARY], SUMMARY_FIRST),
        ([column.name for column in COLUMNS], COMPARE_FIRST),
    ],
    ids=["results.csv", "summary.csv", "compare.csv"],
)
def test_columns_that_exist_keep_their_name_and_place(columns: list[str], first: list[str]) -> None:
    assert columns[: len(first)] == first
    assert len(set(columns)) == len(columns)


def test_every_column_says_what_it_is() -> None:
    explained = [(one.name, one.explained) for one in RESULTS]
    explained += [(one.name, one.explained) for one in SUMMARY]
    explained += [(one.name, one.explained) for one in COLUMNS]
    assert [name for name, words in explained if not words] == []
