"""What disturbed the figures of a run, for readers: each kind of disturbance has one mark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pipebench.record.factors import Cell
from pipebench.rules.bottleneck import Disturbance
from pipebench.run.figures import CellSummary

MOST_SAID = 3
"""Cells whose own sentences are said; of more, only the most disturbed one is."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One kind of disturbance. cells: the other cells that have it, in words."""

    mark: str
    sentence: str
    cells: tuple[str, ...]


def marks(rows: Iterable[CellSummary]) -> dict[str, str]:
    """The mark of each kind of disturbance, "[1]" and on, in the order of the rows."""
    names = dict.fromkeys(one.name for row in rows for one in row.disturbed)
    return {name: f"[{number}]" for number, name in enumerate(names, start=1)}


def mark_of(row: CellSummary, known: dict[str, str]) -> str:
    """All marks of one row; empty if nothing disturbed it."""
    return "".join(dict.fromkeys(known[one.name] for one in row.disturbed))


def remarks(rows: Sequence[CellSummary], label: Callable[[Cell], str]) -> list[Remark]:
    """A sentence of each disturbance of a few cells; if a kind has more cells, only the greatest.

    label: what tells a cell from others of its framework; empty if nothing does.
    """
    by_kind: dict[str, list[tuple[CellSummary, Disturbance]]] = defaultdict(list)
    for row in rows:
        for one in row.disturbed:
            by_kind[one.name].append((row, one))
    made, known = [], marks(rows)
    for name, seen in by_kind.items():
        cells = list(dict.fromkeys(named(row, label) for row, _ in seen))
        if len(cells) <= MOST_SAID:
            made += [
                Remark(known[name], f"{named(row, label)}: {one.sentence}", ()) for row, one in seen
            ]
            continue
        row, greatest = max(seen, key=lambda pair: pair[1].size)
        most = named(row, label)
        sentence = f"{len(cells)} rows, the greatest in {most}: {greatest.sentence}"
        made.append(Remark(known[name], sentence, tuple(cells)))
    return made


def named(row: CellSummary, label: Callable[[Cell], str]) -> str:
    """A row by its framework's title, and by its cell if that tells it from others.

    label: empty if nothing does.
    """
    where = label(row.cell)
    return f"{row.title} ({where})" if where else row.title
