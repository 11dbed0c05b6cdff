"""Rows of declared columns as a data frame, and as the text of a CSV file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from pipebench.record.factors import Factor, FactorValue
from pipebench.run.columns import Column, ColumnKind, Row, Value

DTYPES = {ColumnKind.TEXT: "str", ColumnKind.INTEGER: "Int64", ColumnKind.NUMBER: "Float64"}
"""Each can have gaps: NA is "not measured". A count is never a float."""


def frame_of(columns: Sequence[Column[Row]], rows: Iterable[Row]) -> pd.DataFrame:
    """A row a row, a column a column, with the values as they were measured: not rounded."""
    every = list(rows)
    return pd.DataFrame(
        {column.name: series_of(column.kind, map(column.value, every)) for column in columns}
    )


def series_of(kind: ColumnKind, values: Iterable[Value]) -> pd.Series[Any]:
    """Values of one kind, None becoming NA."""
    if kind is ColumnKind.TEXT:
        texts = [None if value is None else str(value) for value in values]
        return pd.Series(texts, dtype=DTYPES[kind])
    return pd.Series(list(values), dtype=DTYPES[kind])


def factor_series(factor: Factor, values: Iterable[FactorValue]) -> pd.Series[Any]:
    """Values of a factor; all frames have the same type, so that they can be joined."""
    return series_of(ColumnKind.INTEGER if factor.is_number else ColumnKind.TEXT, values)


def csv_text(columns: Sequence[Column[Row]], rows: Iterable[Row]) -> str:
    """CSV with a header line; an empty field is "not measured"."""
    every = list(rows)
    fields = {column.name: _fields(column, every) for column in columns}
    text: str = pd.DataFrame(fields).to_csv(index=False, lineterminator="\n")
    return text


def _fields(column: Column[Row], rows: Iterable[Row]) -> pd.Series[Any]:
    """What the file has of a column: numbers rounded, and texts harmless."""
    return series_of(
        ColumnKind.TEXT if column.significant else column.kind, [column.field(row) for row in rows]
    )
