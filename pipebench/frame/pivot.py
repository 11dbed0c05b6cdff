"""One figure of cells as a table of two dimensions, for a terminal or in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from pipebench.documents.declared import listed, suggestion
from pipebench.frame.ratios import RATIO
from pipebench.record.factors import FACTORS
from pipebench.record.values import harmless

DIGITS = 5
"""Significant ones of a number."""
KEYS = ["run_id", *(factor.name for factor in FACTORS)]
"""What a row of the cells is told from all others by."""
ABSENT = "-"


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
    for name in (*asked.rows, *asked.columns, asked.figure):
        _known(name, cells)
    for condition in asked.where:
        cells = _where(cells, condition)
    sides = [*asked.rows, *asked.columns]
    known = cells.dropna(subset=[asked.figure])
    twice = known[known.duplicated(sides, keep=False)]
    if len(twice):
        first = twice[twice[sides].eq(twice[sides].iloc[0]).all(axis=1)]
        apart = [name for name in KEYS if len(first[name].drop_duplicates()) > 1]
        raise PivotError(
            f"{len(first)} cells are in one place of the table; they differ in {listed(apart)}: "
            f"add --rows {','.join([*asked.rows, apart[0]])}, or choose one by "
            f"--where {apart[0]}={first[apart[0]].iloc[0]}"
        )
    order = {name: cells[name].drop_duplicates().tolist() for name in sides}
    if not asked.columns:
        return known.set_index(list(asked.rows))[[asked.figure]]
    # none is made of two, as an aggregate would be
    table = known.pivot(  # noqa: PD010
        index=list(asked.rows), columns=list(asked.columns), values=asked.figure
    )
    if len(asked.rows) == 1:  # the order of the cells: the fastest first
        table = table.reindex([one for one in order[asked.rows[0]] if one in table.index])
    return table


def _known(name: str, cells: pd.DataFrame) -> None:
    if name not in cells:
        raise PivotError(f"there is no column {name!r}; {suggestion(name, cells.columns)}")


def _where(cells: pd.DataFrame, condition: str) -> pd.DataFrame:
    name, separator, value = condition.partition("=")
    if not separator:
        raise PivotError(f"--where is {condition!r}; it must be COLUMN=VALUE")
    _known(name, cells)
    found = cells[cells[name].astype("str") == value]
    if found.empty:
        there = cells[name].dropna().drop_duplicates().astype("str").tolist()
        words = f"; it has {listed(there[:10])}" if there else ""
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
    return [str(part) for part in (label if isinstance(label, tuple) else (label,))]


def _label(label: object) -> str:
    return ", ".join(_labels(label))


def _number(value: object) -> str:
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124 (NaN)
        return ABSENT
    if isinstance(value, float):
        whole = abs(value) >= 10 ** (DIGITS - 1)
        return f"{value:,.0f}" if whole else f"{value:.{DIGITS}g}"
    return str(value)
