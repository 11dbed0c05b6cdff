"""The table of what is varied: each factor of a cell, declared once.

Cells and their groups, labels, the names of files, the schedule, the identity columns, comparisons
and charts are made from what is declared here. To add a factor, add a field to ServerFactors, if a
server is started with it, or else to CellFactors; its default is its usual value, which all older
records have. run/figures.py is the table of what is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args, get_type_hints

from msgspec import Struct, structs

from pipebench.record.limits import Positive

ALL: Final = "all"
Workers: TypeAlias = Positive | Literal["all"]
"""`all`: as many as the server has CPUs, so that a plan says the same on every testbed."""
FactorValue: TypeAlias = str | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One thing that is varied.

    words: a value in a label, as "depth 16". heading: of its column; short: the same on a terminal;
    both are its name if they are empty. unit: of its values. variable: of the plan, without
    `bench_`; empty if the plan does not have it as a list of values. letter: before its value in
    the name of a file. usual: the value that is shown if there are too many to show all; None if
    none is more usual than another. explained: for docs/columns.md.
    """

    words: Callable[[Any], str]
    explained: str
    heading: str = ""
    short: str = ""
    unit: str = ""
    variable: str = ""
    letter: str = ""
    usual: int | None = None
    name: str = ""
    """That of the field."""
    is_number: bool = False
    """Whether its values are numbers alone."""

    @property
    def column(self) -> str:
        """The heading of its column."""
        return self.heading or self.name

    def of(self, one: ServerFactors) -> FactorValue:
        """The value that a cell, a record or an event has."""
        value: FactorValue = getattr(one, self.name)
        return value

    def said(self, one: ServerFactors) -> str:
        """The same in words."""
        return self.words(self.of(one))


def counted(unit: str) -> Callable[[Any], str]:
    """Words as "1 worker", "4 workers", "all workers"."""
    return lambda value: f"{value} {unit}{'' if value == 1 else 's'}"


def named(name: str) -> Callable[[Any], str]:
    """Words as "depth 16"."""
    return lambda value: f"{name} {value}"


class ServerFactors(Struct, frozen=True, kw_only=True):
    """What a server is started with. Whatever has factors is derived from this."""

    framework: Annotated[
        str,
        Factor(words=str, explained="its folder's name, and behind an @ that of its variant"),
    ]
    workers: Annotated[
        Workers,
        Factor(
            words=counted("worker"),
            unit="processes",
            variable="workers",
            letter="w",
            usual=1,
            explained="as the plan has them: a number; or `all`, as many as the server has CPUs",
        ),
    ]

    @property
    def factors(self) -> dict[str, Any]:
        """The value of each factor that it has, by name."""
        return {factor.name: factor.of(self) for factor in factors_in(type(self))}


class CellFactors(ServerFactors, frozen=True, kw_only=True):
    """The same, and what the load is."""

    depth: Annotated[
        Positive,
        Factor(
            words=named("depth"),
            unit="requests",
            variable="depths",
            letter="d",
            usual=5,
            explained="written at once on a connection",
        ),
    ]
    connections: Annotated[
        Positive,
        Factor(
            words=counted("connection"),
            short="conns",
            unit="connections",
            variable="connections",
            letter="c",
            usual=200,
            explained="all generators together",
        ),
    ]


class PlannedCell(CellFactors, frozen=True, kw_only=True, gc=False):
    """A cell of the schedule, which is measured on every testbed."""

    def on(self, testbed: str) -> Cell:
        """The cell on a testbed."""
        return Cell(testbed=testbed, **self.factors)


class Cell(CellFactors, frozen=True, kw_only=True, gc=False):
    """What is measured: the same in every round."""

    testbed: Annotated[
        str,
        Factor(words=named("testbed"), explained="the server host and its generators, by name"),
    ]


class ProbedServer(ServerFactors, frozen=True, kw_only=True, gc=False):
    """A framework's process that is probed."""

    testbed: str

    @classmethod
    def of(cls, cell: Cell) -> ProbedServer:
        """The server that answers a cell."""
        return cls(**{name: getattr(cell, name) for name in cls.__struct_fields__})


def _declared() -> list[Factor]:
    """The factors of a cell, its testbed first."""
    hints = get_type_hints(Cell, include_extras=True)
    factors = [
        replace(part, name=name, is_number=get_args(hint)[0] is int)
        for name, hint in hints.items()
        for part in get_args(hint)
        if isinstance(part, Factor)
    ]
    return sorted(factors, key=lambda factor: factor.name != "testbed")


FACTORS: Sequence[Factor] = _declared()
"""All of them."""
GROUP = [factor for factor in FACTORS if factor.name != "framework"]
"""Those that are the same in all cells that are ranked together."""
PLACE = [factor for factor in GROUP if factor.name != "testbed"]
"""Those that are the same in cells of which testbeds are compared."""
LOAD = [factor for factor in PLACE if factor.name not in ServerFactors.__struct_fields__]
"""What the load is, whatever the server."""


@cache
def factors_in(kind: type[Struct]) -> list[Factor]:
    """The factors that a class has, in the order of the table."""
    return [factor for factor in FACTORS if factor.name in kind.__struct_fields__]


def in_order(value: FactorValue) -> tuple[bool, FactorValue]:
    """The one key that values of a factor are sorted by: numbers, then words (`all`)."""
    return isinstance(value, str), value


def order(one: ServerFactors, factors: Iterable[Factor] = FACTORS) -> list[Any]:
    """The key that cells are sorted by: their testbeds first."""
    return [in_order(factor.of(one)) for factor in factors]


def group_of(cell: Cell) -> Cell:
    """The cell without a framework: those of which this is the same are ranked together."""
    return structs.replace(cell, framework="")


def place_of(cell: Cell) -> Cell:
    """The cell without framework and testbed."""
    return structs.replace(cell, framework="", testbed="")
