"""A table of a report: the text of each cell, and its value.

It is written as Markdown, or as aligned columns for a terminal; a page sorts by the values.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from pipebench.frame.tables import WORDS
from pipebench.record.factors import Cell, Factor
from pipebench.run.columns import Column, Form, Row, Value
from pipebench.show import formats
from pipebench.stats.estimate import Estimate

FORMS = {
    Form.TEXT: formats.plain,
    Form.COUNT: formats.integer,
    Form.NUMBER: formats.number,
    Form.RATIO: formats.ratio,
    Form.MICROSECONDS: formats.us,
    Form.BYTES: formats.size,
}
"""The text of a value, by the form of its column."""
COLUMNS = 100
"""Of a terminal."""
NARROWEST = 12


@dataclass(frozen=True, slots=True)
class Head:
    """number: the column holds numbers, and is aligned to the right. name: of the column."""

    text: str
    number: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A cell of a table. text: plain text; value: None if not measured.

    interval: in brackets after the text; note: Markdown after the interval.
    """

    text: str
    value: Value = None
    interval: str = ""
    note: str = ""

    @property
    def markdown(self) -> str:
        text = formats.text(self.text) if self.text else ""
        return " ".join(part for part in (text, self.interval, self.note) if part)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of as many fields as there are heads."""

    heads: Sequence[Head]
    rows: Sequence[Sequence[Field]]

    @property
    def markdown(self) -> str:
        """The table in Markdown, without a newline at its end."""
        lines = [
            [formats.text(head.text) if head.text else "" for head in self.heads],
            ["---:" if head.number else "---" for head in self.heads],
            *([field.markdown for field in row] for row in self.rows),
        ]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def aligned(self, shrink: str) -> str:
        """Columns under each other; the one of that name gives way if a line is too long."""
        lines = [
            [head.text for head in self.heads],
            *([field.text for field in row] for row in self.rows),
        ]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        over = sum(widths) + 2 * (len(widths) - 1) - COLUMNS
        narrowed = next(n for n, head in enumerate(self.heads) if head.name == shrink)
        widths[narrowed] = max(NARROWEST, widths[narrowed] - max(0, over))
        return "\n".join(
            "  ".join(
                text.rjust(width) if head.number else _cut(text, width).ljust(width)
                for head, text, width in zip(self.heads, line, widths, strict=True)
            ).rstrip()
            for line in lines
        )


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 2]}.."


def head_of(column: Column[Row], text: str) -> Head:
    """The head of a column; keys of cells are aligned to the left, like names."""
    return Head(text, column.form != Form.TEXT, column.name)


def factor_field(factor: Factor, cell: Cell) -> Field:
    """The field of a factor's value, which is written as it is, as in a plan."""
    value = factor.of(cell)
    return Field(str(value), value)


def fields_of(column: Column[Row], shown: pd.DataFrame) -> list[Field]:
    """The fields of a column, in the order of rows. shown: of `shown_frame`."""
    form = FORMS[column.form]
    absent: list[Value] = [None] * len(shown)
    values = _values(shown, column.name)
    words = _values(shown, WORDS.format(column.name)) if column.instead else absent
    low, high = absent, absent
    if column.spread and column.shown.interval:
        low, high = (_values(shown, f"{column.name}_{end}") for end in ("low", "high"))
    return [
        Field(
            form(value) if word is None else str(word),
            value,
            _bracketed(bounds, column.form),
        )
        for value, word, *bounds in zip(values, words, low, high, strict=True)
    ]


def _values(frame: pd.DataFrame, name: str) -> list[Value]:
    """Of a column of a frame; None if not measured."""
    column = frame[name]
    known: list[Value] = column.astype(object).where(column.notna(), None).tolist()
    return known


def interval_of(estimate: Estimate, form: Form = Form.RATIO) -> str:
    """The interval in brackets; empty without one."""
    return _bracketed((estimate.low, estimate.high), form)


def _bracketed(bounds: Sequence[Value], form: Form) -> str:
    low, high = bounds
    return "" if low is None else f"({FORMS[form](low)} to {FORMS[form](high)})"
