"""The columns that say which cell a row is of: one for each factor, as factors.py declares it."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from pipebench.record.factors import FACTORS, Cell, Factor
from pipebench.record.names import parts
from pipebench.run.columns import Column, ColumnKind, Row, Shown, Value


class CellColumn(NamedTuple):
    """A column of any table with a row a cell."""

    name: str
    unit: str
    value: Callable[[Cell], Value]
    shown: Shown
    explained: str
    kind: ColumnKind = ColumnKind.TEXT


FRAMEWORK = "framework"
FOLDER = CellColumn(
    "folder",
    "",
    lambda cell: parts(cell.framework).folder,
    Shown(),
    "that its files are in, by the name of today; all variants of a framework have the same",
)
VARIANT = CellColumn(
    "variant",
    "",
    lambda cell: parts(cell.framework).variant,
    Shown(),
    "which variant of that folder it is; empty for the plain one",
)


def cell_columns(factors: Iterable[Factor] = FACTORS) -> list[CellColumn]:
    """The columns of some factors in their order; behind the framework its folder and variant."""
    columns = []
    for factor in factors:
        heading, several = factor.column, factor.name != FRAMEWORK
        shown = Shown(
            heading, factor.short or heading, heading if several else None, if_several=several
        )
        kind = ColumnKind.INTEGER if factor.is_number else ColumnKind.TEXT
        columns.append(
            CellColumn(factor.name, factor.unit, factor.of, shown, factor.explained, kind)
        )
        if factor.name == FRAMEWORK:
            columns += [FOLDER, VARIANT]
    return columns


def identity(
    cell_of: Callable[[Row], Cell],
    explained: str,
    *,
    factors: Iterable[Factor] = FACTORS,
    other: Mapping[str, str] | None = None,
) -> list[Column[Row]]:
    """The same for the rows of another file. explained: all; other: by name, those that differ."""
    return [
        _column(one, cell_of, (other or {}).get(one.name, explained))
        for one in cell_columns(factors)
    ]


def _column(one: CellColumn, cell_of: Callable[[Row], Cell], explained: str) -> Column[Row]:
    return Column(
        name=one.name,
        unit=one.unit,
        value=lambda row: one.value(cell_of(row)),
        kind=one.kind,
        explained=explained,
    )


def names_of_columns(besides_framework: str = "") -> list[str]:
    """The names of these columns; besides_framework: of one that stands behind the variant."""
    names = []
    for one in cell_columns():
        names.append(one.name)
        if one is VARIANT and besides_framework:
            names.append(besides_framework)
    return names
