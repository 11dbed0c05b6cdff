"""A figure of cells relative to that of another framework, within the round, as a data frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from msgspec import structs

from pipebench.documents.declared import listed, suggestion
from pipebench.frame.measured import MeasuredCells
from pipebench.frame.rounds import CELL
from pipebench.frame.typed import factor_series
from pipebench.record.factors import FACTORS, Cell, group_of
from pipebench.record.names import current_name, parts
from pipebench.rules.outcome import RATED
from pipebench.run.entries import Figure
from pipebench.run.figures import FIGURES, CellSummary
from pipebench.run.judge import JudgedMeasurement

CEILING, PLAIN, REFERENCE = "ceiling", "plain", "reference"
"""What a ratio may be to, beside the name of a framework: the server of canned bytes; of a variant,
the plain framework of its folder; the framework that the run names as its reference."""
RATIO = ("ratio", "ratio_low", "ratio_high")

Row = tuple[CellSummary, Sequence[JudgedMeasurement]]


class RatioError(ValueError):
    """There is nothing to compare with; the message is a sentence without a full stop."""


def figure_named(name: str) -> Figure:
    """A figure that ratios can be made of. RatioError: there is none of this name."""
    known = {figure.name: figure for figure in FIGURES if figure.ranking}
    if name not in known:
        raise RatioError(f"ratios are made of {listed(known, 'or')}: {name!r} is neither")
    return known[name]


def ratio_frame(
    rows: Sequence[Row], references: Mapping[str, str], to: str, figure: Figure
) -> pd.DataFrame:
    """The ratio of each cell, the median over rounds with its exact interval.

    rows: cells of one or several runs, each with its measurements. references: by run. Cells whose
    outcome is neither ok nor degraded, or that have nothing to be compared with, have none.
    """
    to = current_name(to)
    names = {current_name(row.cell.framework) for row, _ in rows}
    if to not in (CEILING, PLAIN, REFERENCE) and to not in names:
        known = dict.fromkeys([CEILING, PLAIN, REFERENCE, *sorted(names)])
        raise RatioError(f"no run has the framework {to}; {suggestion(to, known)}")
    rated = [(place, row) for place, (row, _) in enumerate(rows) if row.outcome in RATED]
    places = {(row.run_id, _now(row.cell)): place for place, row in rated}
    ceilings = {
        (row.run_id, group_of(row.cell)): row.cell.framework
        for _, row in rated
        if row.role == CEILING
    }
    bases = {}
    for (run_id, cell), place in places.items():
        folder, variant = parts(cell.framework)
        name = {
            CEILING: ceilings.get((run_id, group_of(cell))),
            PLAIN: folder if variant else None,
            REFERENCE: references.get(run_id),
        }.get(to, to)
        base = places.get((run_id, _now(structs.replace(cell, framework=name or ""))))
        if base is not None:
            bases[place] = base
    measured = MeasuredCells.of([own for _, own in rows], [figure])
    relative = measured.rounds(figure).relative_to(bases)
    ratios = relative.estimates()
    counts = relative.frame.groupby(CELL).size()
    cells = [(rows[place][0], place) for place in bases]
    frame = pd.DataFrame({"run_id": [row.run_id for row, _ in cells]}, dtype="str")
    for factor in FACTORS:
        frame[factor.name] = factor_series(factor, [factor.of(row.cell) for row, _ in cells])
    order = [place for _, place in cells]
    for name, values in zip(RATIO, ratios, strict=True):
        frame[name] = pd.Series(values[order], dtype="Float64")
    frame["rounds"] = pd.Series([int(counts.get(place, 0)) for place in order], dtype="Int64")
    return frame


def _now(cell: Cell) -> Cell:
    """The same under the framework's name of today."""
    return structs.replace(cell, framework=current_name(cell.framework))
