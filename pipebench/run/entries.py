"""The kinds of entries that the table in figures.py has.

A figure is a number of a measurement. From its one declaration come its column in results.csv, its
columns in summary.csv (over the rounds, with interval, rank and verdict), and those of a comparison
of two runs. A fact is anything else that is known of a measurement or of a cell.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar, overload

from pipebench.measure.measurement import Measurement
from pipebench.rules.outcome import RATED
from pipebench.rules.rule import Outcome
from pipebench.run.columns import NOWHERE, ColumnKind, Form, Row, Shown, Value
from pipebench.run.judge import JudgedMeasurement
from pipebench.stats.estimate import UNKNOWN, Estimate

Own = TypeVar("Own")
"""What a kind of row has of each figure."""


class Needs:
    """What a measurement must be for a figure of it to stand: one of these outcomes."""

    NOTHING = tuple(Outcome)
    RESULT = tuple(outcome for outcome in Outcome if outcome != Outcome.INVALID)
    RATE = tuple(RATED)


class OverRounds(NamedTuple):
    """How the values of a cell's rounds become one. rated: of the rounds with a rate only."""

    words: str
    rated: bool
    kind: ColumnKind | None = None
    """Of the one value; None: that of the figure."""


MEDIAN = OverRounds("median", rated=True, kind=ColumnKind.NUMBER)
GREATEST = OverRounds("the greatest of all rounds with a result", rated=False)


class Better(StrEnum):
    """Which of two values of a figure is the better one."""

    HIGHER = "highest"
    LOWER = "lowest"


class Ranking(NamedTuple):
    """A figure by which frameworks are ranked. The words are those of verdicts.

    rank, relative, ceiling: where readers see these columns.
    """

    better_is: Better
    best: str
    better: str
    worse: str
    rank: Shown = NOWHERE
    relative: Shown = NOWHERE
    ceiling: Shown | None = None
    """None: the figure is not compared with the ceiling's."""


@dataclass(slots=True)
class Summarised:
    """One figure of a cell, and how it compares with the others of the cell group.

    relative: to the best framework that is ok, within the round. rank, verdict, noise_floor,
    share_of_ceiling: see docs/columns.md; None for a figure that is not ranked.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    relative: Estimate = UNKNOWN
    rank: int | None = None
    verdict: str | None = None
    noise_floor: float | None = None
    share_of_ceiling: float | None = None

    @property
    def spread(self) -> Estimate:
        return Estimate(self.value, self.low, self.high)


@dataclass(slots=True, kw_only=True)
class HasFigures(Generic[Own]):
    """A row that has something of each figure, by the figure's name."""

    figures: dict[str, Own] = field(default_factory=dict)


@dataclass(eq=False, slots=True, kw_only=True)
class Figure:
    """A figure of a measurement, declared as an attribute of figures.Figures.

    Of a row, the attribute is what the row has of the figure; of the class, it is this declaration.
    measured: the figure of one measurement; of_cell: of a cell, by its other figures. A figure has
    one of the two. needs: which measurements have it. over_rounds: None for one that summary.csv
    does not have; every_round: nothing over the rounds unless each that has a rate has it;
    interval: its bounds are columns too. kind: of the figure of one measurement. compared_as: what
    its columns in a comparison end in (`relative_cpu`, `ratio_cpu`); None: it is not compared
    between runs. explained and explained_over_rounds: for docs/columns.md.
    """

    unit: str
    explained: str
    explained_over_rounds: str = ""
    measured: Callable[[Measurement], float | None] | None = None
    of_cell: Callable[[Any], Estimate] | None = None
    needs: tuple[Outcome, ...] = Needs.RATE
    over_rounds: OverRounds | None = None
    every_round: bool = False
    interval: bool = False
    kind: ColumnKind = ColumnKind.NUMBER
    decimals: int | None = None
    form: Form = Form.NUMBER
    shown: Shown = NOWHERE
    compared_as: str | None = None
    ranking: Ranking | None = None
    name: str = field(init=False)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, row: None, owner: type) -> "Figure": ...
    @overload
    def __get__(self, row: HasFigures[Own], owner: type) -> Own: ...
    def __get__(self, row: HasFigures[Own] | None, owner: type) -> "Figure | Own":
        return self if row is None else self.in_row(row)

    def in_row(self, row: HasFigures[Own]) -> Own:
        """What a row has of the figure."""
        return row.figures[self.name]

    def value_in(self, judged: JudgedMeasurement) -> float | None:
        """The figure of one measurement."""
        if self.measured is None or judged.judgement.outcome not in self.needs:
            return None
        return self.measured(judged.measurement)

    def by_round(self, measurements: Iterable[JudgedMeasurement]) -> dict[int, float]:
        """What ratios within the round are made of: the rounds with a rate, without zeros."""
        return {
            judged.measurement.round: value
            for judged in measurements
            if judged.judgement.outcome in RATED and (value := self.value_in(judged))
        }

    def comparison_name(self, word: str) -> str:
        """The name of a column that compares: `ratio`, `ratio_cpu`."""
        return f"{word}_{self.compared_as}" if self.compared_as else word


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(Generic[Row]):
    """What else is known of a measurement and of a cell: a column of either table, or of both."""

    name: str
    unit: str = ""
    explained: str = "as above"
    explained_of_cell: str = "as above"
    of_measurement: Callable[[JudgedMeasurement], Value] | None = None
    of_cell: Callable[[Row], Value] | None = None
    kind: ColumnKind = ColumnKind.TEXT
    decimals: int | None = None
    form: Form = Form.TEXT
    shown: Shown = NOWHERE
    instead: Callable[[Row], str | None] | None = None
