"""What limited the cells of a run, for readers: few cells one by one, many by framework."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pipebench.record.factors import Cell
from pipebench.rules.bottleneck import LimitedBy
from pipebench.run.figures import CellSummary
from pipebench.show.disturbances import named

MOST_SINGLE = 20
"""Cells whose own sentences are said."""
MOST_CELLS = 6
"""Cells of a line that are named."""


@dataclass(frozen=True, slots=True)
class LimitLine:
    """names: of the cells. limit: theirs. sentence: why, in one of them."""

    names: str
    limit: LimitedBy
    sentence: str


def limit_lines(rows: Iterable[CellSummary], label: Callable[[Cell], str]) -> list[LimitLine]:
    """A line for each sentence; of many cells, for each framework and limit, with the fastest's.

    label: what tells a cell from others of its framework; empty if nothing does.
    """
    limited = [row for row in rows if row.limit and row.limited_by]
    if len(limited) > MOST_SINGLE:
        by_framework = _grouped(limited, lambda row: (row.title, row.limited_by))
        return [_of_many(same, label) for same in by_framework]
    return [
        _line(", ".join(named(row, label) for row in same), same[0])
        for same in _grouped(limited, lambda row: row.limit)
    ]


def _grouped(
    rows: Iterable[CellSummary], key: Callable[[CellSummary], object]
) -> Iterable[list[CellSummary]]:
    groups: dict[object, list[CellSummary]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups.values()


def _of_many(same: Sequence[CellSummary], label: Callable[[Cell], str]) -> LimitLine:
    fastest = max(same, key=lambda row: row.requests_per_s.value or 0)
    if len(same) == 1:
        return _line(named(fastest, label), fastest)
    cells = [label(row.cell) for row in same[:MOST_CELLS]]
    cells += [f"{len(same) - len(cells)} more"] if len(same) > len(cells) else []
    line = _line(f"{fastest.title}, {len(same)} rows ({'; '.join(cells)})", fastest)
    return LimitLine(line.names, line.limit, f"at {label(fastest.cell)}, {line.sentence}")


def _line(names: str, row: CellSummary) -> LimitLine:
    assert row.limited_by is not None
    return LimitLine(names, row.limited_by, str(row.limit))
