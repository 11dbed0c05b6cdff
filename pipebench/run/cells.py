"""Cells beside each other: in what they differ, and names that tell them apart."""

from collections.abc import Callable, Iterable

from pipebench.record.factors import GROUP, Cell, Factor


def several(cells: Iterable[Cell]) -> list[Factor]:
    """The factors besides the framework in which cells differ: columns that a table needs."""
    cells = list(cells)
    return [factor for factor in GROUP if len({factor.of(cell) for cell in cells}) > 1]


def labels(cells: Iterable[Cell]) -> Callable[[Cell], str]:
    """A function that names a cell by the factors in which cells differ: "depth 5, ..."."""
    factors = several(cells)
    return lambda cell: in_words(cell, factors)


def in_words(cell: Cell, factors: Iterable[Factor] = GROUP) -> str:
    """Some factors of a cell in words, or all but its framework."""
    return ", ".join(factor.said(cell) for factor in factors)
