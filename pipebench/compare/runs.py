"""Runs compared with a base: which can be compared, the cells of each, and other differences."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from msgspec import structs

from pipebench.compare.cells import ComparedCell, compare_cell
from pipebench.compare.judged_side import JudgedSide, read_sides
from pipebench.compare.provenance import Difference, brief, differences, framework_differences
from pipebench.record.factors import FACTORS, Cell
from pipebench.record.schema import RunError
from pipebench.record.values import line


@dataclass(frozen=True, slots=True)
class ComparedRuns:
    """One run against the base: a row per cell, and all other differences."""

    base: JudgedSide
    other: JudgedSide
    rows: list[ComparedCell]
    differences: list[Difference]

    @property
    def shared(self) -> list[ComparedCell]:
        return [row for row in self.rows if row.shared]


@dataclass(frozen=True, slots=True)
class Compared:
    """base: None if it cannot be used.

    Sentences: not_compared: which runs were not compared, and why; remarks: what is missing in the
    compared runs.
    """

    base: JudgedSide | None
    pairs: list[ComparedRuns]
    not_compared: list[str]
    remarks: list[str]

    @property
    def problems(self) -> list[str]:
        return [*self.not_compared, *self.remarks]


def compare_runs(folders: list[Path]) -> Compared:
    """Each run against the first; a sentence for each run that cannot be compared."""
    return compare_sides(different_sides(folders))


def compare_sides(sides: Iterable[JudgedSide | str]) -> Compared:
    """The same with runs that are judged; a text says why one cannot be compared."""
    base, pairs = None, []
    failed: list[str] = []
    remarks: list[str] = []
    for number, read in enumerate(sides):
        if isinstance(read, str):
            failed.append(read if number else f"{read}: the base cannot be used")
            continue
        if number == 0:
            base = read
        elif base:
            pair = compare_pair(*_named(base, read))
            if pair.shared:
                pairs.append(pair)
            else:
                failed.append(f"{read.folder} shares no cell with {base.folder}: {_cells(pair)}")
        remarks += read.problems
    return Compared(base, pairs, failed, remarks)


def different_sides(folders: list[Path]) -> Iterator[JudgedSide | str]:
    """Each run; or a sentence on why it cannot be compared, or is one that was there already."""
    paths = [folder.resolve() for folder in folders]
    firsts = [folder for place, folder in enumerate(folders) if paths.index(paths[place]) == place]
    sides = read_sides(firsts)
    seen: dict[tuple[str, datetime | None], Path] = {}
    for place, folder in enumerate(folders):
        if paths.index(paths[place]) != place:
            yield f"{folder} was given twice; give different runs"
            continue
        side = next(sides)
        if isinstance(side, RunError):
            yield str(side)
            continue
        first = seen.setdefault((side.run.run_id, side.run.started), folder)
        yield (
            side if first == folder else f"{folder} is the same run as {first}; give different runs"
        )


def _named(base: JudgedSide, other: JudgedSide) -> tuple[JudgedSide, JudgedSide]:
    """Name two runs by their ids; by their folders if `bench_run_id` gave both the same id."""
    if base.name != other.name:
        return base, other
    names = line(str(base.folder)), line(str(other.folder))
    return replace(base, name=names[0]), replace(other, name=names[1])


def _cells(pair: ComparedRuns) -> str:
    """The values of two runs without a shared cell, for the keys that have no value in common."""
    runs = (pair.base, pair.other)
    values = [
        (one, [{one.of(cell) for cell in side.cells_now} for side in runs]) for one in FACTORS
    ]
    apart = [factor for factor, (mine, theirs) in values if not mine & theirs]

    def values_of(side: JudgedSide) -> str:
        return "; ".join(
            f"{one.name} {', '.join(dict.fromkeys(str(one.of(cell)) for cell in side.rows))}"
            for one in apart or FACTORS
        )

    return f"{pair.base.name} has {values_of(pair.base)}, {pair.other.name} {values_of(pair.other)}"


def compare_pair(base: JudgedSide, other: JudgedSide) -> ComparedRuns:
    """Every cell of either run, in the order of the base's table."""
    same_place = len(base.testbeds) == len(other.testbeds) == 1

    def key(now: Cell) -> Cell:
        # if each run has one testbed, its name does not matter
        return structs.replace(now, testbed="") if same_place else now

    theirs = {key(now): cell for now, cell in other.cells_now.items()}
    mine = {key(now): cell for now, cell in base.cells_now.items()}
    places = (
        [(base.testbeds[0], other.testbeds[0])]
        if same_place
        else [(name, name) for name in base.testbeds if name in other.testbeds]
    )
    differing = differences(base.run, other.run, places)
    common = [one for one in differing if not one.part.startswith("framework ")]
    rows = []
    for place in dict.fromkeys([*mine, *theirs]):
        row = compare_cell(base, other, mine.get(place), theirs.get(place))
        of_framework = framework_differences(base.run, other.run, place.framework)
        row.differs = brief([*of_framework, *common]) or None
        rows.append(row)
    return ComparedRuns(base, other, rows, differing)
