"""--fail-if-slower: whether a comparison shows a loss, excludes a loss, or does neither."""

from dataclasses import dataclass

from pipebench.alone.status import Status
from pipebench.compare.cells import ComparedFigure, Verdict
from pipebench.compare.runs import Compared
from pipebench.record.factors import Cell
from pipebench.rules.rule import Outcome

BY_WEIGHT = (
    Status.SLOWER,
    Status.NOT_COMPARABLE,
    Status.TOO_FEW_ROUNDS,
    Status.TOO_MUCH_VARIANCE,
    Status.DONE,
)
"""How a cell can be checked, the most important first."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A cell of a run that did not pass, with the figure that was checked; or only a problem."""

    status: Status
    run: str = ""
    cell: Cell | None = None
    figure: ComparedFigure | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """status: the most important one of all checked cells. loss: the share that is too much.

    to_ceiling: shares of the ceiling were checked, and not requests/s.
    """

    status: Status
    checked: int
    misses: list[Miss]
    loss: float
    to_ceiling: bool


def gate(compared: Compared, loss: float, *, to_ceiling: bool = False) -> Gate:
    """Check the requests/s of every framework that is ok in the base, in every other run.

    The ceiling and the A/A control are not checked. loss: share of the base's requests/s, 0.05 for
    5 %. to_ceiling: check requests/s / the ceiling's in both runs, so that the machine counts less.
    A run that could not be compared at all counts as not comparable.
    """
    misses: list[Miss] = []
    checked = 0
    for pair in compared.pairs:
        rows = [
            row for row in pair.rows if row.role == "framework" and row.outcome_base == Outcome.OK
        ]
        checked += len(rows)
        for row in rows:
            figure = row.to_ceiling if to_ceiling else row.requests_per_s
            status = status_of(figure, loss)
            if status != Status.DONE:
                misses.append(Miss(status, pair.other.name, row.cell, figure, figure.reason))
    nothing = compared.pairs and not checked
    problems = ["no framework is ok in the base"] if nothing else []
    misses += [
        Miss(Status.NOT_COMPARABLE, problem=problem)
        for problem in [*problems, *compared.not_compared]
    ]
    misses.sort(key=lambda miss: BY_WEIGHT.index(miss.status))
    status = misses[0].status if misses else Status.DONE
    return Gate(status, checked, misses, loss, to_ceiling)


def status_of(figure: ComparedFigure, loss: float) -> Status:
    """The status of one figure of one cell.

    Slower: the verdict says so, and the ratio is below 1 - loss. Passed: the interval's lower end
    is not below 1 - loss. Otherwise the interval or the noise floor is too wide to decide.
    """
    ratio, low = figure.ratio.value, figure.ratio.low
    if figure.verdict == Verdict.TOO_FEW:
        return Status.TOO_FEW_ROUNDS
    if figure.verdict == Verdict.NOT_COMPARABLE or ratio is None or low is None:
        return Status.NOT_COMPARABLE
    if figure.verdict == Verdict.WORSE and ratio < 1 - loss:
        return Status.SLOWER
    return Status.TOO_MUCH_VARIANCE if low < 1 - loss else Status.DONE
