"""The tables of the report's chapter "2017 beside today"."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipebench.chapters.stack_2017 import BothStacks, SystemFigures, SystemRow
from pipebench.show import formats
from pipebench.show.cells_table import rate_or_outcome
from pipebench.show.table import Field, Head, Table
from pipebench.stats.estimate import UNKNOWN

HEADING = "2017 beside today"


@dataclass(frozen=True, slots=True)
class SystemGroup:
    """Cells that differ in nothing but the framework. label: empty if there is one group.

    versions: of the stack of 2017; None if none is known.
    """

    label: str
    lines: Sequence[SystemRow]
    rates: Table
    latencies: Table
    versions: Table | None

    @property
    def tables(self) -> list[Table]:
        """In the order of the page."""
        return [self.rates, self.latencies, *([self.versions] if self.versions else [])]


@dataclass(frozen=True, slots=True)
class Stack2017Chapter:
    """The input of the template."""

    compared: BothStacks
    groups: list[SystemGroup]

    @property
    def heading(self) -> str:
        return HEADING

    @property
    def tables(self) -> list[Table]:
        """In the order of the page."""
        return [table for group in self.groups for table in group.tables]


def shown(compared: BothStacks) -> Stack2017Chapter:
    """The tables of each group of cells."""
    groups = [
        SystemGroup(label, lines, _rates(lines), _latencies(lines), _versions(lines))
        for label, lines in compared.groups
    ]
    return Stack2017Chapter(compared, groups)


def _rates(lines: Sequence[SystemRow]) -> Table:
    return _table(
        ["published", "stack of 2017, here", "today's, here"],
        [
            [
                Field(line.system.title),
                Field(formats.integer(published), published),
                *(
                    rate_or_outcome(here.row) if here else Field("not measured")
                    for here in (line.then, line.today)
                ),
            ]
            for line in lines
            for published in [line.system.seen.requests_per_s]
        ],
    )


def _latencies(lines: Sequence[SystemRow]) -> Table:
    """The latencies that wrk printed beside the true ones."""
    heads = [
        "published: printed by wrk",
        "published: mean by Little's law",
        "2017, here: printed",
        "2017, here: recorded",
        "today, here: printed",
        "today, here: recorded",
    ]
    return _table(
        heads,
        [
            [
                Field(line.system.title),
                _printed(line.system.seen.printed),
                Field(formats.us(line.system.seen.little_us), line.system.seen.little_us),
                *_pair(line.then),
                *_pair(line.today),
            ]
            for line in lines
        ],
    )


def _pair(here: SystemFigures | None) -> list[Field]:
    """The latency that wrk printed in this run, and that of the recorded batches."""
    recorded = (here.row.batch_latency_p50_us if here else UNKNOWN).value
    return [_printed(here.printed if here else {}), Field(formats.us(recorded), recorded)]


def _printed(latencies: dict[str, float]) -> Field:
    p50 = latencies.get("p50")
    return Field(formats.printed(p50), p50)


def _versions(lines: Sequence[SystemRow]) -> Table | None:
    rows = [[Field(line.system.title), Field(line.versions)] for line in lines if line.versions]
    return Table([Head("stack of 2017"), Head("versions here")], rows) if rows else None


def _table(heads: Sequence[str], rows: Sequence[Sequence[Field]]) -> Table:
    """Numbers behind the name of a system."""
    return Table([Head("system"), *(Head(text, number=True) for text in heads)], rows)
