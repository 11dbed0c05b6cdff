"""One run, judged, as a comparison needs it."""

from dataclasses import dataclass
from pathlib import Path

from pipebench.record.run import Run
from pipebench.record.schema import Cell, RunError
from pipebench.rules.outcome import Outcome
from pipebench.run.cells import cell_group
from pipebench.run.entries import Figure
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedMeasurement, JudgedRun, judge_run
from pipebench.run.summary import summary


@dataclass(frozen=True, slots=True)
class Side:
    """A run that is compared. rows: those of summary.csv, by cell."""

    folder: Path
    judged_run: JudgedRun
    rows: dict[Cell, CellSummary]
    measured: dict[Cell, list[JudgedMeasurement]]
    name: str
    """What it is called beside another: its id, or its folder if both have the same id."""

    @property
    def run(self) -> Run:
        return self.judged_run.run

    @property
    def testbeds(self) -> list[str]:
        return list(dict.fromkeys(cell.testbed for cell in self.rows))

    def sample(self, cell: Cell | None, figure: Figure) -> dict[int, float]:
        """The figure by round; nothing of a cell that the run does not have."""
        return figure.by_round(self.measured[cell]) if cell else {}

    def is_whole(self, cell: Cell | None, figure: Figure) -> bool:
        """Whether each round of the cell that has a rate has the figure."""
        row = self.rows.get(cell) if cell else None
        return row is not None and len(self.sample(cell, figure)) == row.rounds_rated

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

    @property
    def problems(self) -> list[str]:
        """What of the run is not there to be compared, in sentences."""
        folder, judged_run, run = self.folder, self.judged_run, self.run
        sentences = []
        have = run.scheduled - len(judged_run.missing)
        if run.ended is None:
            sentences.append(
                f"{folder} is still under way, or was stopped: compared by the {have} of "
                f"{run.scheduled} measurements that it has"
            )
        elif judged_run.missing:
            sentences.append(
                f"{folder} is incomplete: it has {have} of {run.scheduled} measurements"
            )
        if judged_run.unusable:
            sentences.append(
                f"{folder} has {len(judged_run.unusable)} records that are invalid: "
                f"./collect.py {folder} names them"
            )
        return sentences


def read_side(folder: Path) -> Side:
    """Judge a run. RunError: it cannot be judged, and why."""
    try:
        judged_run = judge_run(folder, alone=False)
        rows = {row.cell: row for row in summary(judged_run)}
    except RunError:
        raise
    except Exception as error:  # whatever is wrong with one run, the others are shown
        raise RunError(f"{folder} could not be judged: {type(error).__name__}: {error}") from error
    if not judged_run.measurements:
        raise RunError(f"{folder} has not one measurement that can be used")
    return Side(folder, judged_run, rows, judged_run.by_cell, judged_run.run.run_id)
