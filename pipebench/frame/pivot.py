"""One figure of cells as a table of two dimensions, for a terminal or in Markdown."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipebench.documents.declared import listed
from pipebench.frame.ratios import RATIO
from pipebench.record.factors import FACTORS, in_order
from pipebench.record.names import current_name
from pipebench.record.values import harmless

DIGITS = 5
"""Significant ones of a number."""
KEYS = ["run_id", *(factor.name for factor in FACTORS)]
"""What a row of the cells is told from all others by."""
ABSENT = "-"
MOST_NAMED = 10


class PivotError(ValueError):
    """There is no such table; the message is a sentence without a full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """rows, columns: the columns of cells whose values are the two sides. where: COLUMN=VALUE."""

    rows: Sequence[str]
    columns: Sequence[str]
    figure: str
    where: Sequence[str] = ()


def with_ratios(cells: pd.DataFrame, ratios: pd.DataFrame, figure: str) -> pd.DataFrame:
    """The cells with the ratios of a figure in its place; those without one have none."""
    ratio = ratios[[*KEYS, RATIO[0]]].rename(columns={RATIO[0]: figure})
    return cells.drop(columns=figure).merge(ratio, on=KEYS, how="left")


def pivoted(cells: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    """The table. PivotError: a column or a value that does not exist; two cells in one place."""
    if not asked.rows:
        raise PivotError("--rows requires the name of a column")
    names = [*asked.rows, *asked.columns, asked.figure]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise PivotError(f"{twice[0]} is named twice: rows, columns and values must be different")
    for name in names:
        _known(name, cells)
    for condition in asked.where:
        cells = _where(cells, condition)
    sides = [*asked.rows, *asked.columns]
    known = cells[cells[asked.figure].notna()]
    if known.empty:
        raise PivotError(f"no cell has a figure {asked.figure}")
    _refuse_two(known, sides, asked)
    if not asked.columns:
        return cells.drop_duplicates(sides).set_index(list(asked.rows))[[asked.figure]]
    # none is made of two, as an aggregate would be
    table = known.pivot(  # noqa: PD010
        index=list(asked.rows), columns=list(asked.columns), values=asked.figure
    )
    return table.reindex(
        index=_in_order(cells, asked.rows), columns=_in_order(cells, asked.columns)
    )


def _refuse_two(known: pd.DataFrame, sides: Sequence[str], asked: Asked) -> None:
    """PivotError: two cells are in one place."""
    twice = known[known.duplicated(list(sides), keep=False)]
    if twice.empty:
        return
    first = twice[twice[list(sides)].eq(twice[list(sides)].iloc[0]).all(axis=1)]
    apart = [name for name in KEYS if len(first[name].drop_duplicates()) > 1]
    raise PivotError(
        f"{len(first)} cells are in one place of the table; they differ in {listed(apart)}: "
        f"add --rows {','.join([*asked.rows, apart[0]])}, or choose one by "
        f"--where {apart[0]}={first[apart[0]].iloc[0]}"
    )


def _in_order(cells: pd.DataFrame, names: Sequence[str]) -> pd.Index[Any]:
    """What stands on a side: numbers in their order, else as the cells, the fastest first."""
    keys = {name: _places(cells[name]) for name in names}
    there = cells[list(names)].drop_duplicates()
    whole = pd.DataFrame({name: there[name].map(keys[name]) for name in names})
    ordered = there.loc[whole.sort_values(list(names)).index]
    return pd.Index(ordered[names[0]]) if len(names) == 1 else pd.MultiIndex.from_frame(ordered)


def _places(column: pd.Series[Any]) -> dict[Any, int]:
    """The place of each value."""
    values = column.drop_duplicates().tolist()
    if column.name == "workers":
        values.sort(key=lambda value: in_order(int(value) if value.isdigit() else value))
    elif pd.api.types.is_numeric_dtype(column.dtype):
        values.sort()
    return {value: place for place, value in enumerate(values)}


def _known(name: str, cells: pd.DataFrame) -> None:
    if name not in cells:
        near = difflib.get_close_matches(name, list(cells.columns), n=1)
        words = f"did you mean {near[0]}?" if near else "docs/columns.md has those of summary.csv"
        raise PivotError(f"there is no column {name!r}; {words}")


def _where(cells: pd.DataFrame, condition: str) -> pd.DataFrame:
    name, separator, value = condition.partition("=")
    if not separator:
        raise PivotError(f"--where is {condition!r}; it must be COLUMN=VALUE")
    _known(name, cells)
    column = cells[name].astype("str")
    if name == "framework":
        column, value = column.map(current_name), current_name(value)
    found = cells[column == value]
    if found.empty:
        there = cells[name].dropna().drop_duplicates().astype("str").tolist()
        words = f"; there are {listed(there[:MOST_NAMED])}" if there else ""
        raise PivotError(f"no cell has {name} {value}{words}")
    return found


def aligned(table: pd.DataFrame) -> str:
    """Columns under each other, for a terminal."""
    lines = _texts(table)
    sides = table.index.nlevels
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            text.ljust(width) if place < sides else text.rjust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def markdown(table: pd.DataFrame) -> str:
    """A table of Markdown."""
    head, *rows = [[text.replace("|", "\\|") for text in line] for line in _texts(table)]
    sides = table.index.nlevels
    rule = ["---" if place < sides else "---:" for place in range(len(head))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *rows))


def _texts(table: pd.DataFrame) -> list[list[str]]:
    names = [str(name) for name in table.index.names]
    heads = [_label(label) for label in table.columns]
    if any(table.columns.names):
        kind = ", ".join(map(str, table.columns.names))
        heads[0] = f"{kind} {heads[0]}"
    rows = [
        [*_labels(label), *(_number(value) for value in values)]
        for label, values in zip(table.index, table.to_numpy(object), strict=True)
    ]
    return [[harmless(text) for text in line] for line in ([*names, *heads], *rows)]


def _labels(label: object) -> list[str]:
    parts = label if isinstance(label, tuple) else (label,)
    return [ABSENT if _is_absent(part) else str(part) for part in parts]


def _label(label: object) -> str:
    return ", ".join(_labels(label))


def _number(value: object) -> str:
    if _is_absent(value):
        return ABSENT
    if isinstance(value, float):
        whole = abs(value) >= 10 ** (DIGITS - 2)
        return f"{value:,.0f}" if whole else f"{value:.{DIGITS}g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _is_absent(value: object) -> bool:
    return value is None or value is pd.NA or value != value  # noqa: PLR0124 (NaN)
