"""The cross-check's tables of the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pipebench.chapters.crosscheck import CheckedCell
from pipebench.run.cells import labels, several
from pipebench.run.columns import Form
from pipebench.show import formats
from pipebench.show.table import FORMS, Field, Head, Table, factor_field, interval_of
from pipebench.stats.estimate import LEAST_ROUNDS, Estimate
from pipebench.tools.tool import Tool


@dataclass(frozen=True, slots=True)
class CheckedBy:
    """What the template shows of one checking tool beside the one that measured.

    at_rate: None if it held no constant rate. problems: Markdown. intervals: whether every ratio
    can have one, which requires least_rounds.
    """

    tool: Tool
    checker: Tool
    both: Table
    at_rate: Table | None
    problems: list[str]
    intervals: bool
    least_rounds: ClassVar[int] = LEAST_ROUNDS

    @property
    def heading(self) -> str:
        return f"Cross-check: the same with {self.checker.name}"

    @property
    def tables(self) -> list[Table]:
        """In the order of the page."""
        return [self.both, *([self.at_rate] if self.at_rate else [])]


def shown(checked: Sequence[CheckedCell]) -> list[CheckedBy]:
    """The tables of a run that was cross-checked, by the checking tool."""
    names = dict.fromkeys(row.checker.name for row in checked)
    return [_shown([row for row in checked if row.checker.name == name]) for name in names]


def _shown(checked: Sequence[CheckedCell]) -> CheckedBy:
    checker = checked[0].checker
    at_rate = [row for row in checked if row.at_rate.wanted_per_s]
    label = labels(row.cell for row in checked)
    return CheckedBy(
        tool=checked[0].tool,
        checker=checker,
        both=_both(checked, checker),
        at_rate=_at_rate(at_rate) if at_rate else None,
        problems=[
            formats.text(f"{row.cell.framework}{_bracketed(label(row.cell))}: {row.problem}")
            for row in checked
            if row.problem
        ],
        intervals=min(row.rounds for row in checked) >= LEAST_ROUNDS,
    )


def _bracketed(text: str) -> str:
    return f" ({text})" if text else ""


def _both(checked: Sequence[CheckedCell], checker: Tool) -> Table:
    """A row a cell: what was measured, and the checker's figures relative to it."""
    tool = checked[0].tool
    heads = [
        f"{tool.name} requests/s",
        f"{checker.name} / {tool.name}",
        f"{tool.name} {tool.times} latency",
        f"{checker.name} {checker.times} latency / {tool.name}",
        f"under way, {tool.name}",
        f"under way, {checker.name}",
        f"CPU/request, {checker.name} / {tool.name}",
    ]
    return _table(
        checked,
        heads,
        [
            [
                _field(row.measured.requests_per_s, Form.COUNT),
                _ratio(row.throughput),
                _field(row.measured.latency_mean_us, Form.MICROSECONDS),
                _ratio(row.latency),
                _field(row.measured.under_way, Form.RATIO),
                _field(row.checked.under_way, Form.RATIO),
                _ratio(row.server_cpu),
            ]
            for row in checked
        ],
    )


def _at_rate(checked: Sequence[CheckedCell]) -> Table:
    """A row a cell that was measured at a constant rate."""
    heads = [
        "wanted requests/s",
        "answered",
        "request latency p50",
        "p90",
        "p99",
        "largest",
        "largest delay in sending",
    ]
    rows = []
    for row in checked:
        latency = row.at_rate.latency
        quantiles: list[float | None] = [None] * 4
        if latency:
            quantiles = [latency.p50_us, latency.p90_us, latency.p99_us, latency.max_us]
        rows.append(
            [
                _field(row.at_rate.wanted_per_s, Form.COUNT),
                _field(row.at_rate.achieved_per_s, Form.COUNT),
                *(_field(value, Form.MICROSECONDS) for value in quantiles),
                _field(row.at_rate.send_lag_max_us, Form.MICROSECONDS),
            ]
        )
    return _table(checked, heads, rows)


def _table(
    checked: Sequence[CheckedCell], heads: Sequence[str], figures: Sequence[list[Field]]
) -> Table:
    """The figures of each cell, behind the framework and the keys in which cells differ."""
    factors = several(row.cell for row in checked)
    return Table(
        [
            Head("framework", name="framework"),
            *(Head(one.column, number=bool(one.unit), name=one.name) for one in factors),
            *(Head(text, number=True) for text in heads),
        ],
        [
            [
                Field(row.cell.framework),
                *(factor_field(one, row.cell) for one in factors),
                *fields,
            ]
            for row, fields in zip(checked, figures, strict=True)
        ],
    )


def _field(value: float | None, form: Form) -> Field:
    return Field(FORMS[form](value), value)


def _ratio(ratio: Estimate) -> Field:
    return Field(formats.ratio(ratio.value), ratio.value, interval_of(ratio))
