"""The same cells in two runs: ratio, interval and verdict of each.

Two runs share no round, so no ratio within a round exists between them: a cell's rounds are two
independent samples. docs/comparing-runs.md says what can be claimed of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import Any

from pipebench.compare.provenance import Difference, brief, differences, of_framework
from pipebench.measure.measurement import Measurement
from pipebench.record.run import Run
from pipebench.record.schema import Cell, RunError
from pipebench.rules.outcome import Outcome
from pipebench.run import tables
from pipebench.run.figures import CellSummary, Spread, spread
from pipebench.run.judge import JudgedMeasurement, JudgedRun, judge_run
from pipebench.run.relations import by_round, cell_group, cost, rate
from pipebench.stats.estimate import (
    LEAST_ROUNDS,
    Estimate,
    Relation,
    independent_ratio,
    ratios,
    relation,
)


class Verdict(StrEnum):
    """What a cell's requests/s are to those of the same cell in the base."""

    FASTER = "faster"
    SLOWER = "slower"
    TIED = "tied"
    TOO_FEW = "too few rounds"
    NOT_COMPARABLE = "not comparable"


RATE_WORDS = {Relation.BETTER: "faster", Relation.WORSE: "slower", Relation.TIED: "tied"}
# of a cost, more is worse
CPU_WORDS = {Relation.BETTER: "dearer", Relation.WORSE: "cheaper", Relation.TIED: "tied"}

Key = tuple[Any, ...]
Sample = dict[int, float]
"""A figure by round."""


@dataclass(frozen=True, slots=True)
class Side:
    """One run, judged, as a comparison needs it. rows: those of summary.csv, by cell."""

    folder: Path
    judged_run: JudgedRun
    rows: dict[Cell, CellSummary]
    measured: dict[Cell, list[JudgedMeasurement]]
    name: str
    """What it is called beside another: its id, or its folder where both have the same id."""

    @property
    def run(self) -> Run:
        return self.judged_run.run

    @property
    def testbeds(self) -> list[str]:
        return list(dict.fromkeys(cell.testbed for cell in self.rows))

    def sample(self, cell: Cell, figure: Callable[[Measurement], float | None]) -> Sample:
        return by_round(self.measured.get(cell, []), figure)

    def ceiling(self, cell: Cell) -> Cell | None:
        """The ceiling of the same cell group, if it is ok."""
        for other, row in self.rows.items():
            if (
                row.role == "ceiling"
                and row.outcome == Outcome.OK
                and cell_group(other) == cell_group(cell)
            ):
                return other
        return None


@dataclass(slots=True)
class ComparedFigure:
    """One figure of a cell in two runs. ratio: of the other run's to the base's.

    noise_floor: the larger of the two runs'. verdict, and why there is no better one, or None for
    a figure that has none.
    """

    base: float | None = None
    other: float | None = None
    ratio: Spread = field(default_factory=Spread)
    noise_floor: float | None = None
    verdict: str | None = None
    reason: str | None = None


@dataclass(slots=True, kw_only=True)
class ComparedCell:
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
    requests_per_s: ComparedFigure
    to_ceiling: ComparedFigure
    """Requests/s by the ceiling's of the same round; only the ratio of these shares."""
    server_cpu_us_per_request: ComparedFigure
    batch_latency_p50_us: ComparedFigure
    batch_latency_p99_us: ComparedFigure
    differs: str | None = None
    """What else differs between the runs, in a line."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One run against the base: a row a cell, and all that differs besides."""

    base: Side
    other: Side
    rows: list[ComparedCell]
    differences: list[Difference]

    @property
    def shared(self) -> list[ComparedCell]:
        return [row for row in self.rows if row.shared]


@dataclass(frozen=True, slots=True)
class Compared:
    """base: None where not even that can be used. Sentences:

    not_compared: which runs were not, and why; remarks: what of those that were is not there.
    """

    base: Side | None
    pairs: list[Pair]
    not_compared: list[str]
    remarks: list[str]

    @property
    def problems(self) -> list[str]:
        return [*self.not_compared, *self.remarks]


def compare_runs(folders: list[Path]) -> Compared:
    """Each run against the first; what cannot be compared is told in a sentence."""
    base, pairs = None, []
    failed: list[str] = []
    remarks: list[str] = []
    seen: dict[Path | tuple[str, datetime | None], int] = {}
    """Which of the folders was the first at this place, and of this run."""
    for number, folder in enumerate(folders):
        same = seen.setdefault(folder.resolve(), number)
        try:
            side = read(folder) if same == number else None
        except RunError as error:
            failed.append(f"{error}{'' if number else ': the base cannot be used'}")
            continue
        if side:
            same = seen.setdefault((side.run.run_id, side.run.started), number)
        if number == 0:
            base = side
        elif side is None or same != number:
            what = "the base itself" if same == 0 else f"the same run as {folders[same]}"
            failed.append(f"{folder} is {what}: a run compared with itself shows nothing")
            continue
        elif base:
            pair = compare_pair(*_told_apart(base, side))
            if pair.shared:
                pairs.append(pair)
            else:
                failed.append(f"{folder} shares no cell with {base.folder}: {_cells(pair)}")
        if side:
            remarks += _not_whole(side)
    return Compared(base, pairs, failed, remarks)


def _told_apart(base: Side, other: Side) -> tuple[Side, Side]:
    """Two runs by their ids; by their folders where `bench_run_id` gave both the same."""
    if base.name != other.name:
        return base, other
    return replace(base, name=str(base.folder)), replace(other, name=str(other.folder))


def read(folder: Path) -> Side:
    """A run, judged. RunError: it cannot be, and why."""
    try:
        judged_run = judge_run(folder, alone=False)
        rows = {row.cell: row for row in tables.summary(judged_run)}
    except RunError:
        raise
    except Exception as error:  # whatever is wrong with one run, the others are shown
        raise RunError(f"{folder} could not be judged: {type(error).__name__}: {error}") from error
    if not judged_run.measurements:
        raise RunError(f"{folder} has not one measurement that can be used")
    return Side(folder, judged_run, rows, judged_run.by_cell, judged_run.run.run_id)


def _not_whole(side: Side) -> list[str]:
    """What of a run is not there to be compared."""
    folder, judged_run, run = side.folder, side.judged_run, side.run
    said = []
    have = run.scheduled - len(judged_run.missing)
    if run.ended is None:
        said.append(
            f"{folder} is still under way, or was stopped: compared by the {have} of "
            f"{run.scheduled} measurements that it has"
        )
    elif judged_run.missing:
        said.append(f"{folder} is incomplete: it has {have} of {run.scheduled} measurements")
    if judged_run.unusable:
        said.append(
            f"{folder} has {len(judged_run.unusable)} records that are invalid: "
            f"./collect.py {folder} names them"
        )
    return said


def _cells(pair: Pair) -> str:
    """Where the cells of two runs that share none lie: the keys that have no value in common."""
    runs = (pair.base, pair.other)
    values = {
        key: [{getattr(cell, key) for cell in side.rows} for side in runs] for key in Cell._fields
    }
    apart = [key for key, (mine, theirs) in values.items() if not mine & theirs]

    def told(side: Side) -> str:
        return "; ".join(
            f"{key} {', '.join(dict.fromkeys(str(getattr(cell, key)) for cell in side.rows))}"
            for key in apart or Cell._fields
        )

    return f"{pair.base.name} has {told(pair.base)}, {pair.other.name} {told(pair.other)}"


def compare_pair(base: Side, other: Side) -> Pair:
    """Every cell of either run, in the order of the base's table."""
    same_place = len(base.testbeds) == len(other.testbeds) == 1

    def key(cell: Cell) -> Key:
        # one testbed each: its name is where it stood, not what was measured
        return cell[1:] if same_place else tuple(cell)

    theirs = {key(cell): cell for cell in other.rows}
    mine = {key(cell): cell for cell in base.rows}
    places = (
        [(base.testbeds[0], other.testbeds[0])]
        if same_place
        else [(name, name) for name in base.testbeds if name in other.testbeds]
    )
    found = differences(base.run, other.run, places)
    common = [one for one in found if not one.part.startswith("framework ")]
    rows = []
    for one in dict.fromkeys([*mine, *theirs]):
        row = _row(base, other, mine.get(one), theirs.get(one))
        own = of_framework(base.run, other.run, row.cell.framework)
        row.differs = brief([*own, *common]) or None
        rows.append(row)
    return Pair(base, other, rows, found)


def _row(base: Side, other: Side, mine: Cell | None, theirs: Cell | None) -> ComparedCell:
    """A cell of either run: `mine` of the base's, `theirs` of the other's."""
    first = base.rows[mine] if mine else None
    second = other.rows[theirs] if theirs else None
    one = first or second
    if one is None:
        raise ValueError("a cell of neither run")

    def compared(figure: Figure, *, whole: bool = False) -> ComparedFigure:
        a = base.sample(mine, figure) if mine else {}
        b = other.sample(theirs, figure) if theirs else {}
        if whole and not (_is_whole(a, first) and _is_whole(b, second)):
            a, b = {}, {}  # of rounds with too few batches: those left would be the fast ones
        return ComparedFigure(
            base=median(a.values()) if a else None,
            other=median(b.values()) if b else None,
            ratio=spread(independent_ratio(list(b.values()), list(a.values()))),
        )

    row = ComparedCell(
        base_run_id=base.run.run_id,
        run_id=other.run.run_id,
        cell=one.cell,
        stack=one.stack,
        role=one.role,
        shared=bool(first and second),
        outcome_base=first.outcome if first else None,
        outcome=second.outcome if second else None,
        rounds_base=first.rounds_rated if first else None,
        rounds=second.rounds_rated if second else None,
        requests_per_s=compared(rate),
        to_ceiling=ComparedFigure(),
        server_cpu_us_per_request=compared(cost),
        batch_latency_p50_us=compared(_p50),
        batch_latency_p99_us=compared(_p99, whole=True),
    )
    if mine and theirs and row.role != "ceiling":
        shares = _ceiling_shares(other, theirs), _ceiling_shares(base, mine)
        row.to_ceiling.ratio = spread(independent_ratio(*shares))
    rate_floor = cpu_floor = None
    if first and second:
        rate_floor = _larger(first.requests_per_s.noise_floor, second.requests_per_s.noise_floor)
        cpu_floor = _larger(
            first.server_cpu_us_per_request.noise_floor,
            second.server_cpu_us_per_request.noise_floor,
        )
    for figure, words, floor in (
        (row.server_cpu_us_per_request, CPU_WORDS, cpu_floor),
        (row.to_ceiling, RATE_WORDS, rate_floor),
        (row.requests_per_s, RATE_WORDS, rate_floor),
    ):
        figure.noise_floor = floor
        figure.verdict, figure.reason = _verdict(row, figure, words, (base, other))
    return row


Figure = Callable[[Measurement], float | None]


def _larger(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else max(first, second)


def _p50(measurement: Measurement) -> float | None:
    latency = measurement.totals.latency if measurement.totals else None
    return latency.p50_us if latency else None


def _p99(measurement: Measurement) -> float | None:
    latency = measurement.totals.latency if measurement.totals else None
    return latency.p99_us if latency and latency.batches >= tables.LEAST_BATCHES_OF_P99 else None


def _is_whole(sample: Sample, row: CellSummary | None) -> bool:
    return row is not None and len(sample) == row.rounds_rated


def _ceiling_shares(side: Side, cell: Cell) -> list[float]:
    """requests/s by the ceiling's of the same round, in each round of a run."""
    ceiling = side.ceiling(cell)
    return ratios(side.sample(cell, rate), side.sample(ceiling, rate)) if ceiling else []


def _verdict(
    row: ComparedCell, figure: ComparedFigure, words: dict[Relation, str], runs: tuple[Side, Side]
) -> tuple[str, str | None]:
    """The verdict of one figure, and why there is no better one."""
    names = [side.name for side in runs]
    if not row.shared:
        there = names[0] if row.rounds_base is not None else names[1]
        return Verdict.NOT_COMPARABLE, f"only in {there}"
    outcomes = [row.outcome_base, row.outcome]
    not_ok = [
        f"{outcome or 'no result'} in {name}"
        for outcome, name in zip(outcomes, names, strict=True)
        if outcome != Outcome.OK
    ]
    if not_ok:
        return Verdict.NOT_COMPARABLE, " and ".join(not_ok)
    few = [
        f"{rounds} in {name}"
        for rounds, name in zip((row.rounds_base, row.rounds), names, strict=True)
        if rounds is not None and rounds < LEAST_ROUNDS
    ]
    if few:
        return Verdict.TOO_FEW, f"{' and '.join(few)}; {LEAST_ROUNDS} are needed"
    ratio = figure.ratio
    if ratio.value is None:
        return Verdict.NOT_COMPARABLE, "not measured in both"
    seen = relation(Estimate(ratio.value, ratio.low, ratio.high), figure.noise_floor)
    if seen is None:
        return Verdict.NOT_COMPARABLE, "no noise floor: a run has no A/A control that is ok"
    return words[seen], None
