"""The table of a run's cells: of the report, and of the terminal."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from pipebench.rules.rule import Outcome
from pipebench.run.columns import Column
from pipebench.run.figures import CellSummary
from pipebench.run.tables import SHOWN
from pipebench.show import formats
from pipebench.show.answer import near_ceiling
from pipebench.show.disturbances import mark_of, marks
from pipebench.show.table import Field, Table, field_of, head_of


def report_table(rows: Sequence[CellSummary]) -> Table:
    """With the titles of frameworks, intervals, and marks that the text below explains."""
    known = marks(rows)
    return _table(
        rows,
        lambda column: column.shown.report,
        lambda column, row: _report_field(column, row, known),
    )


def terminal_table(rows: Sequence[CellSummary]) -> Table:
    """With the names of frameworks, and without intervals."""
    return _table(rows, lambda column: column.shown.terminal, field_of)


def rate_or_outcome(row: CellSummary) -> Field:
    """Requests/s, with the outcome unless it is ok; without a rate, why there is none."""
    rate, outcome = row.requests_per_s.value, row.outcome
    if rate is None:
        return Field(outcome or "no result")
    return Field(formats.integer(rate), rate, note="" if outcome == Outcome.OK else f"({outcome})")


def _table(
    rows: Sequence[CellSummary],
    heading: Callable[[Column[CellSummary]], str | None],
    field: Callable[[Column[CellSummary], CellSummary], Field],
) -> Table:
    heads = [
        (column, text)
        for column in SHOWN
        if (text := heading(column)) and (not column.shown.if_several or _differ(rows, column))
    ]
    return Table(
        [head_of(column, text) for column, text in heads],
        [[field(column, row) for column, _ in heads] for row in rows],
    )


def _differ(rows: Sequence[CellSummary], column: Column[CellSummary]) -> bool:
    return len({column.value(row) for row in rows}) > 1


def _report_field(column: Column[CellSummary], row: CellSummary, known: dict[str, str]) -> Field:
    field = field_of(column, row)
    if column.name == "framework":
        return replace(field, text=row.title)
    if column.name == CellSummary.requests_per_s.name:
        return replace(field, note=mark_of(row, known))
    if column.name == CellSummary.requests_per_s.comparison_name("share_of_ceiling"):
        return replace(field, note="**!**" if near_ceiling(row) else "")
    return field
