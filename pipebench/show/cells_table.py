"""The table of a run's cells: of the report, and of the terminal."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from pipebench.frame.tables import shown_frame
from pipebench.rules.rule import Outcome
from pipebench.run.columns import Column
from pipebench.run.figures import CellSummary
from pipebench.run.tables import SHOWN
from pipebench.show import formats
from pipebench.show.answer import near_ceiling
from pipebench.show.disturbances import mark_of, marks
from pipebench.show.table import Field, Table, fields_of, head_of


def report_table(rows: Sequence[CellSummary]) -> Table:
    """With the titles of frameworks, intervals, and marks that the text below explains."""
    table = _table(rows, lambda column: column.shown.report)
    names = [head.name for head in table.heads]
    known = marks(rows)
    return replace(
        table,
        rows=[
            [_noted(name, field, row, known) for name, field in zip(names, fields, strict=True)]
            for fields, row in zip(table.rows, rows, strict=True)
        ],
    )


def terminal_table(rows: Sequence[CellSummary]) -> Table:
    """With the names of frameworks, and without intervals."""
    return _table(rows, lambda column: column.shown.terminal)


def rate_or_outcome(row: CellSummary) -> Field:
    """Requests/s, with the outcome unless it is ok; without a rate, why there is none."""
    rate, outcome = row.requests_per_s.value, row.outcome
    if rate is None:
        return Field(outcome or "no result")
    return Field(formats.integer(rate), rate, note="" if outcome == Outcome.OK else f"({outcome})")


def _table(
    rows: Sequence[CellSummary], heading: Callable[[Column[CellSummary]], str | None]
) -> Table:
    shown = shown_frame(rows)
    heads = [
        (column, text)
        for column in SHOWN
        if (text := heading(column))
        and (not column.shown.if_several or shown[column.name].nunique(dropna=False) > 1)
    ]
    columns = [fields_of(column, shown) for column, _ in heads]
    return Table(
        [head_of(column, text) for column, text in heads], list(zip(*columns, strict=True))
    )


def _noted(name: str, field: Field, row: CellSummary, known: dict[str, str]) -> Field:
    """A field with what a report has besides."""
    if name == "framework":
        return replace(field, text=row.title)
    if name == CellSummary.requests_per_s.name:
        return replace(field, note=mark_of(row, known))
    if name == CellSummary.requests_per_s.comparison_name("share_of_ceiling"):
        return replace(field, note="**!**" if near_ceiling(row) else "")
    return field
