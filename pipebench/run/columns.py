"""A column of a table: what any table must know of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from pipebench.record.values import harmless
from pipebench.stats.estimate import Estimate

Value = str | int | float | None
"""None: not measured."""
Row = TypeVar("Row")

RATIO_DECIMALS = 4


class ColumnKind(StrEnum):
    """What the values of a column are; in a frame, its dtype."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"


class Form(StrEnum):
    """How a value is written for readers."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"
    RATIO = "ratio"
    MICROSECONDS = "microseconds"
    BYTES = "bytes"


class Shown(NamedTuple):
    """What a column is headed with for readers; None: they do not see it there.

    interval: the report shows it behind the value. if_several: only if the rows differ in it.
    """

    report: str | None = None
    terminal: str | None = None
    comparison: str | None = None
    """In a comparison of runs."""
    interval: bool = False
    if_several: bool = False


NOWHERE = Shown()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[Row]):
    """A column of a table.

    explained: how it is computed and when it is empty, for docs/columns.md. kind: text if it may be
    either, as the number of workers. decimals, significant: digits of a number. spread: value and
    interval, if it has one. instead: words for readers in place of the value, or None.
    """

    name: str
    unit: str = ""
    explained: str
    value: Callable[[Row], Value]
    kind: ColumnKind = ColumnKind.TEXT
    decimals: int | None = None
    significant: int | None = None
    form: Form = Form.TEXT
    shown: Shown = NOWHERE
    spread: Callable[[Row], Estimate] | None = None
    instead: Callable[[Row], str | None] | None = None

    def field(self, row: Row) -> Value:
        """The value as a file has it."""
        value = self.value(row)
        if isinstance(value, float) and self.decimals is not None:
            return round(float(value), self.decimals)
        if isinstance(value, float) and self.significant is not None:
            return f"{value:.{self.significant}g}"
        return no_formula(value) if isinstance(value, str) else value


def no_formula(text: str) -> str:
    """A stranger's text as a spreadsheet shows it: what begins a formula has an apostrophe before.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    text = harmless(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text


def spread_columns(
    value: Column[Row], spread_of: Callable[[Row], Estimate], bounds: str = "its interval"
) -> list[Column[Row]]:
    """A column of a value over rounds, and those of the interval's bounds."""
    return [
        replace(value, spread=spread_of),
        _bound(value, "low", lambda row: spread_of(row).low, f"lower bound of {bounds}"),
        _bound(value, "high", lambda row: spread_of(row).high, f"upper bound of {bounds}"),
    ]


def _bound(
    value: Column[Row], end: str, bound: Callable[[Row], Value], explained: str
) -> Column[Row]:
    return Column(
        name=f"{value.name}_{end}",
        unit=value.unit,
        explained=explained,
        value=bound,
        kind=value.kind,
        decimals=value.decimals,
        significant=value.significant,
        form=value.form,
    )


def ordered(columns: Iterable[Column[Row]], first: Sequence[str]) -> list[Column[Row]]:
    """Columns as they are written: these first, in the order given, then others as declared."""
    by_name = {column.name: column for column in columns}
    return [*(by_name.pop(name) for name in first), *by_name.values()]
