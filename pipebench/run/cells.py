"""Cells beside each other: those that are compared, and names that tell cells apart."""

from collections.abc import Callable, Iterable

from pipebench.record.schema import Cell, Workers
from pipebench.record.values import workers_words

CellGroup = tuple[str, Workers, int, int]
"""Testbed, workers, depth, connections: cells that differ in nothing but the framework."""
CELL_GROUP = ("testbed", "workers", "depth", "connections")
"""The names of the same."""


def cell_group(cell: Cell) -> CellGroup:
    """The group that a cell is ranked in."""
    return cell.testbed, cell.workers, cell.depth, cell.connections


def several(cells: Iterable[Cell]) -> list[str]:
    """The keys besides the framework in which cells differ: columns that a table needs."""
    groups = {cell_group(cell) for cell in cells}
    return [
        key for place, key in enumerate(CELL_GROUP) if len({group[place] for group in groups}) > 1
    ]


def labels(cells: Iterable[Cell]) -> Callable[[Cell], str]:
    """A function that names a cell by the keys in which cells differ: "depth 5, ..."."""
    keys = several(cells)

    def label(cell: Cell) -> str:
        return ", ".join(_words(cell, key) for key in keys)

    return label


def _words(cell: Cell, key: str) -> str:
    value = getattr(cell, key)
    if key == "workers":
        return workers_words(value)
    return f"{value} connections" if key == "connections" else f"{key} {value}"
