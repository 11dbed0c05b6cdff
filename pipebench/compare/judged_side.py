"""One judged run of a comparison."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import structs

from pipebench.frame.cells import summary
from pipebench.record.factors import Cell, group_of
from pipebench.record.names import names_now
from pipebench.record.run_record import Run
from pipebench.record.schema import RunError
from pipebench.rules.rule import Outcome
from pipebench.run.entries import Figure
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedMeasurement, JudgedRun, judging


@dataclass(frozen=True, slots=True)
class JudgedSide:
    """A run that is compared. rows: those of summary.csv, by cell."""

    folder: Path
    judged_run: JudgedRun
    rows: dict[Cell, CellSummary]
    measured: dict[Cell, list[JudgedMeasurement]]
    name: str
    """Its name in the comparison: its id, or its folder if both runs have the same id."""

    @property
    def run(self) -> Run:
        return self.judged_run.run

    @property
    def testbeds(self) -> list[str]:
        return list(dict.fromkeys(cell.testbed for cell in self.rows))

    @property
    def cells_now(self) -> dict[Cell, Cell]:
        """Every cell, by the same with the name that its framework has now."""
        described = self.run.frameworks
        controls = {name: described[name].control_of for name in described}
        names = names_now(dict.fromkeys(cell.framework for cell in self.rows) | controls)
        return {structs.replace(cell, framework=names[cell.framework]): cell for cell in self.rows}

    def sample(self, cell: Cell | None, figure: Figure) -> dict[int, float]:
        """The figure by round; empty if the run does not have the cell."""
        return figure.by_round(self.measured[cell]) if cell else {}

    def is_whole(self, cell: Cell | None, figure: Figure) -> bool:
        """Whether every round of the cell that has a rate also has the figure."""
        row = self.rows.get(cell) if cell else None
        return row is not None and len(self.sample(cell, figure)) == row.rounds_rated

    def ceiling(self, cell: Cell) -> Cell | None:
        """The ceiling of the same cell group, if it is ok."""
        for other, row in self.rows.items():
            if (
                row.role == "ceiling"
                and row.outcome == Outcome.OK
                and group_of(other) == group_of(cell)
            ):
                return other
        return None

    @property
    def problems(self) -> list[str]:
        """The missing parts of the run, in sentences."""
        folder, judged_run, run = self.folder, self.judged_run, self.run
        sentences = []
        measured = run.scheduled - len(judged_run.missing)
        if run.ended is None:
            sentences.append(
                f"{folder} is still under way, or was stopped: its {measured} of {run.scheduled} "
                "measurements are used"
            )
        elif judged_run.missing:
            sentences.append(
                f"{folder} is incomplete: it has {measured} of {run.scheduled} measurements"
            )
        if judged_run.unusable:
            sentences.append(
                f"{folder} has {len(judged_run.unusable)} invalid records, which its report names"
            )
        return sentences


def read_side(folder: Path) -> JudgedSide:
    """Judge a run. RunError: it cannot be judged; the message says why."""
    (side,) = read_sides([folder])
    if isinstance(side, RunError):
        raise side
    return side


def read_sides(folders: Sequence[Path]) -> Iterator[JudgedSide | RunError]:
    """The same of several runs, in their order: a side, or the error."""
    for folder, judged in zip(folders, judging(folders), strict=True):
        try:
            yield _usable(judged())
        except RunError as error:
            yield error
        except Exception as error:  # noqa: BLE001 (a fault in one run must not hide the others)
            yield RunError(f"{folder} could not be judged: {type(error).__name__}: {error}")


def _usable(judged_run: JudgedRun) -> JudgedSide:
    if not judged_run.measurements:
        raise RunError(f"{judged_run.run.folder} has no usable measurement")
    return side_of(judged_run, summary(judged_run))


def side_of(judged_run: JudgedRun, rows: Iterable[CellSummary]) -> JudgedSide:
    """A judged run. rows: those of summary.csv."""
    run = judged_run.run
    by_cell = {row.cell: row for row in rows}
    return JudgedSide(run.folder, judged_run, by_cell, judged_run.by_cell, run.run_id)
