"""The same cells in two runs: ratio, interval and verdict of each.

Two runs share no round, so no ratio within a round exists between them: a cell's rounds are two
independent samples. docs/comparing-runs.md says what can be claimed of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
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
from pipebench.run.judge import JudgedMeasurement, JudgedRun, judge_run
from pipebench.run.relations import CELL, CELL_GROUP, Row, by_round, cost, estimates, rate
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
    """One run, judged, as a comparison needs it. rows: summary.csv's by cell."""

    folder: Path
    judged_run: JudgedRun
    rows: dict[Cell, Row]
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
        group = [getattr(cell, key) for key in CELL_GROUP]
        for other, row in self.rows.items():
            if (
                row["role"] == "ceiling"
                and row["outcome"] == Outcome.OK
                and [getattr(other, key) for key in CELL_GROUP] == group
            ):
                return other
        return None


@dataclass(frozen=True, slots=True)
class Pair:
    """One run against the base: a row a cell, and all that differs besides."""

    base: Side
    other: Side
    rows: list[Row]
    differences: list[Difference]

    @property
    def shared(self) -> list[Row]:
        return [row for row in self.rows if row["shared"]]


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
        frame = tables.summary(judged_run)
    except RunError:
        raise
    except Exception as error:  # whatever is wrong with one run, the others are shown
        raise RunError(f"{folder} could not be judged: {type(error).__name__}: {error}") from error
    if not judged_run.measurements:
        raise RunError(f"{folder} has not one measurement that can be used")
    rows = {Cell(*(row[key] for key in CELL)): row for row in tables.rows(frame)}
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
    values = {key: [{getattr(cell, key) for cell in side.rows} for side in runs] for key in CELL}
    apart = [key for key, (mine, theirs) in values.items() if not mine & theirs]

    def told(side: Side) -> str:
        return "; ".join(
            f"{key} {', '.join(dict.fromkeys(str(getattr(cell, key)) for cell in side.rows))}"
            for key in apart or CELL
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
        own = of_framework(base.run, other.run, row["framework"])
        row["differs"] = brief([*own, *common]) or None
        rows.append(row)
    return Pair(base, other, rows, found)


def _row(base: Side, other: Side, mine: Cell | None, theirs: Cell | None) -> Row:
    """Columns as docs/results.md's compare.csv, and `shared`: whether both runs have the cell."""
    cell = mine or theirs
    if cell is None:
        raise ValueError("a cell of neither run")
    first = base.rows[mine] if mine else None
    second = other.rows[theirs] if theirs else None
    said = first or second or {}
    row: Row = {
        "base_run_id": base.run.run_id,
        "run_id": other.run.run_id,
        **cell._asdict(),
        "stack": said["stack"],
        "role": said["role"],
        "shared": bool(mine and theirs),
        "outcome_base": first and first["outcome"],
        "outcome": second and second["outcome"],
        "rounds_base": first and first["rounds_rated"],
        "rounds": second and second["rounds_rated"],
    }
    samples: dict[str, Estimate | None] = {}
    row |= {f"ratio_to_ceiling{end}": None for end in ("", "_low", "_high")}
    for column, ratio, figure in FIGURES:
        a = base.sample(mine, figure) if mine else {}
        b = other.sample(theirs, figure) if theirs else {}
        if figure is _p99 and not (_whole(a, first) and _whole(b, second)):
            a, b = {}, {}  # of rounds with too few batches: those left would be the fast ones
        row[f"{column}_base"] = median(a.values()) if a else None
        row[column] = median(b.values()) if b else None
        samples[ratio] = independent_ratio(list(b.values()), list(a.values()))
        row |= {f"{ratio}{end}": None for end in ("", "_low", "_high")}
        row |= estimates(ratio, samples[ratio])
    if mine and theirs and row["role"] != "ceiling":
        shares = _ceiling_shares(other, theirs), _ceiling_shares(base, mine)
        samples["ratio_to_ceiling"] = independent_ratio(*shares)
        row |= estimates("ratio_to_ceiling", samples["ratio_to_ceiling"])
    for name in ("noise_floor", "noise_floor_cpu"):
        floors = [one[name] for one in (first, second) if one and one[name] is not None]
        row[name] = max(floors) if len(floors) == 2 else None
    for suffix, words, floor in (
        ("_cpu", CPU_WORDS, "noise_floor_cpu"),
        ("_to_ceiling", RATE_WORDS, "noise_floor"),
        ("", RATE_WORDS, "noise_floor"),
    ):
        found = samples.get(f"ratio{suffix}")
        verdict, reason = _verdict(row, found, words, row[floor], (base, other))
        row[f"verdict{suffix}"], row[f"reason{suffix}"] = verdict, reason
    return row


def _p50(measurement: Measurement) -> float | None:
    latency = measurement.totals.latency if measurement.totals else None
    return latency.p50_us if latency else None


def _p99(measurement: Measurement) -> float | None:
    latency = measurement.totals.latency if measurement.totals else None
    return latency.p99_us if latency and latency.batches >= tables.LEAST_BATCHES_OF_P99 else None


def _whole(sample: Sample, row: Row | None) -> bool:
    return row is not None and len(sample) == row["rounds_rated"]


FIGURES: list[tuple[str, str, Callable[[Measurement], float | None]]] = [
    ("requests_per_s", "ratio", rate),
    (tables.CPU, "ratio_cpu", cost),
    ("batch_latency_p50_us", "ratio_p50", _p50),
    ("batch_latency_p99_us", "ratio_p99", _p99),
]
"""Column, the column of its ratio, and what it is of one measurement."""


def _ceiling_shares(side: Side, cell: Cell) -> list[float]:
    """requests/s by the ceiling's of the same round, in each round of a run."""
    ceiling = side.ceiling(cell)
    return ratios(side.sample(cell, rate), side.sample(ceiling, rate)) if ceiling else []


def _verdict(
    row: Row,
    ratio: Estimate | None,
    words: dict[Relation, str],
    floor: float | None,
    runs: tuple[Side, Side],
) -> tuple[str, str | None]:
    """The verdict of one figure, and why there is no better one."""
    names = [side.name for side in runs]
    if not row["shared"]:
        there = names[0] if row["rounds_base"] is not None else names[1]
        return Verdict.NOT_COMPARABLE, f"only in {there}"
    outcomes = [row["outcome_base"], row["outcome"]]
    told = [
        f"{outcome or 'no result'} in {name}"
        for outcome, name in zip(outcomes, names, strict=True)
        if outcome != Outcome.OK
    ]
    if told:
        return Verdict.NOT_COMPARABLE, " and ".join(told)
    few = [
        f"{rounds} in {name}"
        for rounds, name in zip((row["rounds_base"], row["rounds"]), names, strict=True)
        if rounds < LEAST_ROUNDS
    ]
    if few:
        return Verdict.TOO_FEW, f"{' and '.join(few)}; {LEAST_ROUNDS} are needed"
    if ratio is None:
        return Verdict.NOT_COMPARABLE, "not measured in both"
    found = relation(ratio, floor)
    if found is None:
        return Verdict.NOT_COMPARABLE, "no noise floor: a run has no A/A control that is ok"
    return words[found], None
