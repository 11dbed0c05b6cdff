"""Frames of declared columns have their types; the CSV of them is what the csv module writes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipebench.frame.cells import summary
from pipebench.frame.typed import csv_text, frame_of
from pipebench.run.columns import Column, ColumnKind, Row
from pipebench.run.judge import judge_run
from pipebench.run.tables import RESULTS, SUMMARY
from tests.unit.pipebench.runs import EXAMPLE

COLUMNS: list[Column[tuple[Any, ...]]] = [
    Column(name="text", explained="", value=lambda row: row[0]),
    Column(name="count", explained="", kind=ColumnKind.INTEGER, value=lambda row: row[1]),
    Column(
        name="ratio", explained="", kind=ColumnKind.NUMBER, decimals=4, value=lambda row: row[2]
    ),
    Column(
        name="four", explained="", kind=ColumnKind.NUMBER, significant=4, value=lambda row: row[2]
    ),
]
TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
ROWS = st.lists(
    st.tuples(
        TEXTS,
        st.one_of(st.none(), st.integers(-(2**62), 2**62)),
        st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
    ),
    max_size=8,
)


def written(columns: Sequence[Column[Row]], rows: Sequence[Row]) -> str:
    """The same by the csv module."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(column.name for column in columns)
    for row in rows:
        writer.writerow([column.field(row) for column in columns])
    return text.getvalue()


@given(ROWS)
def test_any_rows_are_written_as_the_csv_module_writes_them(rows: list[tuple[Any, ...]]) -> None:
    assert csv_text(COLUMNS, rows) == written(COLUMNS, rows)


def test_the_tables_of_a_run_are_written_so_too() -> None:
    judged = judge_run(EXAMPLE)
    rows = summary(judged)
    assert csv_text(RESULTS, judged.measurements) == written(RESULTS, judged.measurements)
    assert csv_text(SUMMARY, rows) == written(SUMMARY, rows)


def test_a_count_is_never_a_float_and_what_was_not_measured_is_na() -> None:
    frame = frame_of(COLUMNS, [("a", 2**53 + 1, 0.1), (None, None, None)])
    assert frame.dtypes.astype(str).tolist() == ["str", "Int64", "Float64", "Float64"]
    assert frame["count"][0] == 2**53 + 1
    assert frame.iloc[1].isna().all()
    assert frame_of(COLUMNS, []).dtypes.equals(frame.dtypes)


@pytest.mark.parametrize("columns", [RESULTS, SUMMARY], ids=["results", "summary"])
def test_every_column_has_the_kind_of_its_values(columns: list[Column[Any]]) -> None:
    judged = judge_run(EXAMPLE)
    rows: Sequence[Any] = judged.measurements if columns is RESULTS else summary(judged)
    kinds = {ColumnKind.TEXT: str, ColumnKind.INTEGER: int, ColumnKind.NUMBER: float}
    for column in columns:
        values = [value for row in rows if (value := column.value(row)) is not None]
        if column.name != "workers":  # a number, or `all`
            assert all(type(value) is kinds[column.kind] for value in values), column.name


def test_a_frame_keeps_what_a_file_rounds() -> None:
    frame = frame_of(COLUMNS, [("=1+1", 1, 1 / 3)])
    assert frame["ratio"][0] == 1 / 3
    assert frame["text"][0] == "=1+1"
    assert csv_text(COLUMNS, [("=1+1", 1, 1 / 3)]).splitlines()[1] == "'=1+1,1,0.3333,0.3333"
    assert isinstance(frame, pd.DataFrame)
