"""A cell in two runs: for each figure the ratio, its interval and a verdict.

Two runs share no round, so there is no ratio within a round: the rounds of a cell are two
independent samples. docs/comparing-runs.md explains the verdicts.
"""

from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from pipebench.compare.judged_side import JudgedSide
from pipebench.record.factors import Cell
from pipebench.rules.rule import Outcome
from pipebench.run.entries import Better, Figure, Ranking
from pipebench.run.figures import FIGURES, CellSummary, Figures
from pipebench.stats.estimate import LEAST_ROUNDS, UNKNOWN, Estimate, ratios
from pipebench.stats.ranking import Relation, relation
from pipebench.stats.two_samples import independent_ratio

COMPARED = [figure for figure in FIGURES if figure.compared_as is not None]
"""The figures that are compared between runs."""


class Verdict(StrEnum):
    """A figure of a cell relative to the same figure of the base."""

    BETTER = "better"
    WORSE = "worse"
    TIED = "tied"
    TOO_FEW = "too few rounds"
    NOT_COMPARABLE = "not comparable"

    @classmethod
    def of(cls, seen: Relation, ranking: Ranking) -> "Verdict":
        """Of a figure that is higher than the base's (BETTER), lower (WORSE), or tied."""
        if seen == Relation.TIED:
            return cls.TIED
        higher = seen == Relation.BETTER
        return cls.BETTER if higher == (ranking.better_is == Better.HIGHER) else cls.WORSE

    def words(self, ranking: Ranking) -> str:
        """In the words of this figure: faster, cheaper."""
        words = {Verdict.BETTER: ranking.better, Verdict.WORSE: ranking.worse}
        return words.get(self, self.value)


@dataclass(slots=True)
class ComparedFigure:
    """One figure of a cell in two runs. ratio: the other run's / the base's.

    noise_floor: the larger one of the two runs. verdict and its reason: None for a figure that is
    not ranked; the reason says why the two could not be compared.
    """

    base: float | None = None
    other: float | None = None
    ratio: Estimate = UNKNOWN
    noise_floor: float | None = None
    verdict: Verdict | None = None
    reason: str | None = None
    ranking: Ranking | None = None

    @property
    def words(self) -> str | None:
        """The verdict in the words of this figure."""
        return self.verdict.words(self.ranking) if self.verdict and self.ranking else None


@dataclass(kw_only=True)
class ComparedCell(Figures[ComparedFigure]):
    """A row of compare.csv: one cell of either run. shared: both runs have it."""

    base_run_id: str
    run_id: str
    cell: Cell
    stack: str | None
    role: str
    shared: bool
    outcome_base: Outcome | None
    outcome: Outcome | None
    rounds_base: int | None
    rounds: int | None
    to_ceiling: ComparedFigure
    """Requests/s / the ceiling's in the same round: only the ratio of these shares."""
    differs: str | None = None
    """The other differences between the runs, in one line."""


def compare_cell(
    base: JudgedSide, other: JudgedSide, mine: Cell | None, theirs: Cell | None
) -> ComparedCell:
    """A cell of either run: `mine` in the base, `theirs` in the other run."""
    first = base.rows[mine] if mine else None
    second = other.rows[theirs] if theirs else None
    either = first or second
    if either is None:
        raise ValueError("neither run has the cell")
    row = ComparedCell(
        base_run_id=base.run.run_id,
        run_id=other.run.run_id,
        cell=either.cell,
        stack=either.stack,
        role=either.role,
        shared=bool(first and second),
        outcome_base=first.outcome if first else None,
        outcome=second.outcome if second else None,
        rounds_base=first.rounds_rated if first else None,
        rounds=second.rounds_rated if second else None,
        to_ceiling=_to_ceiling(base, other, mine, theirs),
    )
    for figure in COMPARED:
        row.figures[figure.name] = _compared(figure, *_samples(figure, base, other, mine, theirs))
        if figure.ranking:
            floor = _noise_floor(figure, first, second)
            _set_verdict(row, figure.in_row(row), figure.ranking, floor, (base.name, other.name))
            if figure.ranking.ceiling:
                _set_verdict(row, row.to_ceiling, figure.ranking, floor, (base.name, other.name))
    return row


Sample = dict[int, float]
"""A figure by round."""


def _samples(
    figure: Figure, base: JudgedSide, other: JudgedSide, mine: Cell | None, theirs: Cell | None
) -> tuple[Sample, Sample]:
    """The figure in the rounds of both runs."""
    samples = base.sample(mine, figure), other.sample(theirs, figure)
    if figure.every_round and not (base.is_whole(mine, figure) and other.is_whole(theirs, figure)):
        return {}, {}  # only the fast rounds may have it, so they are not a fair sample
    return samples


def _compared(figure: Figure, base: Sample, other: Sample) -> ComparedFigure:
    return ComparedFigure(
        base=_median(base, figure.decimals),
        other=_median(other, figure.decimals),
        ratio=independent_ratio(list(other.values()), list(base.values())),
    )


def _median(sample: Sample, decimals: int | None) -> float | None:
    middle = median(sample.values()) if sample else None
    return middle if middle is None or decimals is None else float(middle)


def _set_verdict(
    row: ComparedCell,
    figure: ComparedFigure,
    ranking: Ranking,
    floor: float | None,
    names: tuple[str, str],
) -> None:
    """names: of the two runs."""
    figure.noise_floor, figure.ranking = floor, ranking
    figure.verdict, figure.reason = _verdict(row, figure, ranking, names)


def _to_ceiling(
    base: JudgedSide, other: JudgedSide, mine: Cell | None, theirs: Cell | None
) -> ComparedFigure:
    if not mine or not theirs or base.rows[mine].role == "ceiling":
        return ComparedFigure()
    shares = _shares_of_ceiling(other, theirs), _shares_of_ceiling(base, mine)
    return ComparedFigure(ratio=independent_ratio(*shares))


def _shares_of_ceiling(side: JudgedSide, cell: Cell) -> list[float]:
    """requests/s / the ceiling's in the same round, in each round of a run."""
    rate = CellSummary.requests_per_s
    return ratios(side.sample(cell, rate), side.sample(side.ceiling(cell), rate))


def _noise_floor(
    figure: Figure, first: CellSummary | None, second: CellSummary | None
) -> float | None:
    """The larger one of the two runs; None unless both have one."""
    floors = [figure.in_row(row).noise_floor for row in (first, second) if row]
    known = [floor for floor in floors if floor is not None]
    return max(known) if len(known) == 2 else None


def _verdict(
    row: ComparedCell, figure: ComparedFigure, ranking: Ranking, names: tuple[str, str]
) -> tuple[Verdict, str | None]:
    """The verdict, and why the two could not be compared."""
    problem = _not_comparable(row, names)
    if problem:
        return Verdict.NOT_COMPARABLE, problem
    few = [
        f"{rounds} in {name}"
        for rounds, name in zip((row.rounds_base, row.rounds), names, strict=True)
        if rounds is not None and rounds < LEAST_ROUNDS
    ]
    if few:
        return Verdict.TOO_FEW, f"{' and '.join(few)}; {LEAST_ROUNDS} are needed"
    if figure.ratio.value is None:
        return Verdict.NOT_COMPARABLE, "not measured in both"
    seen = relation(figure.ratio, figure.noise_floor)
    if seen is None:
        return Verdict.NOT_COMPARABLE, "no noise floor: a run has no A/A control that is ok"
    return Verdict.of(seen, ranking), None


def _not_comparable(row: ComparedCell, names: tuple[str, str]) -> str | None:
    """Why a cell's rounds cannot be compared, whatever the figure; None if they can."""
    if not row.shared:
        name = names[0] if row.rounds_base is not None else names[1]
        return f"only in {name}"
    not_ok = [
        f"{outcome or 'no result'} in {name}"
        for outcome, name in zip((row.outcome_base, row.outcome), names, strict=True)
        if outcome != Outcome.OK
    ]
    return " and ".join(not_ok) or None
