"""What of a run is complete, by its records: it is not measured again when the run goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pipebench.measure.measurement import Measurement, read_measurement
from pipebench.plan.estimate import measurements
from pipebench.plan.mistakes import PlanError
from pipebench.plan.run_plan import RunPlan
from pipebench.record.reading import content_of, json_value, read
from pipebench.record.schema import Cell, PathRecord, ProbeRecord, RecordError
from pipebench.record.store import CROSSCHECK, PATH, PROBE, RAW, files
from pipebench.rules.outcome import Context, Outcome, judge

SET_ASIDE = "replaced"
"""The folder in a run for records that are not complete."""
FAULT = "harness_fault"


class Made(NamedTuple):
    """An execution with a load tool. round: 0 at a constant rate."""

    tool: str
    round: int
    cell: Cell


def made(run: RunPlan, folder: str = RAW) -> frozenset[Made]:
    """The executions whose records in raw/ or crosscheck/ are complete."""
    return frozenset(
        Made(one.tool, one.round, one.cell)
        for one in _measurements(run, folder)
        if is_complete(one)
    )


def complete_cells(run: RunPlan) -> list[Cell]:
    """The cell of every complete measurement."""
    return [one.cell for one in made(run)]


def left_text(run: RunPlan) -> str:
    """How much of a run that goes on is complete. PlanError: all of it."""
    names = {testbed.name for testbed in run.testbeds}
    complete = sum(cell.testbed in names for cell in complete_cells(run))
    count = measurements(run) * len(names)
    if complete >= count:
        raise PlanError(
            f"All {count} measurements of the run {run.run_id} are complete. For more rounds of "
            f"it, add -e bench_rounds={2 * len(run.rounds)}."
        )
    return (
        f"Run {run.run_id} goes on: {complete} of {count} measurements are complete, "
        f"{count - complete} are left"
    )


def is_complete(measurement: Measurement) -> bool:
    """Whether it is a result, which a failure of its framework is, too."""
    return judge(measurement, Context()).outcome != Outcome.INVALID


def is_mended(folder: Path, record: str) -> bool:
    """Whether a record of a run's folder that had a fault was made anew, or is made anew now."""
    path = folder / record
    if not path.exists():
        return (folder / SET_ASIDE / record).exists()
    try:
        value = json_value(content_of(path))
    except RecordError:
        return False
    return isinstance(value, dict) and FAULT in value and value[FAULT] is None


def set_aside(run: RunPlan) -> None:
    """Move every record that is not complete to `replaced/`: it is made anew.

    A record that cannot be read is one of these.
    """
    folder = Path(run.results_dir)
    for path in _incomplete(run, folder):
        place = folder / SET_ASIDE / path.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.replace(place)


def _incomplete(run: RunPlan, folder: Path) -> Iterator[Path]:
    for name in (RAW, CROSSCHECK):
        for path in files(folder / name):
            one = read_measurement(path, run.run_id)
            if not (isinstance(one, Measurement) and is_complete(one)):
                yield path
    for path in files(folder / PROBE):
        if not is_probed(path):
            yield path
    for path in files(folder / PATH):
        if not is_path_measured(path):
            yield path


def is_probed(path: Path) -> bool:
    """Whether a probe is recorded without a fault of the harness."""
    try:
        return read(path, ProbeRecord).harness_fault is None
    except RecordError:
        return False


def is_path_measured(path: Path) -> bool:
    """Whether the path's capacity is recorded, and could be measured."""
    try:
        return read(path, PathRecord).error is None
    except RecordError:
        return False


def _measurements(run: RunPlan, folder: str) -> Iterator[Measurement]:
    for path in files(Path(run.results_dir) / folder):
        one = read_measurement(path, run.run_id)
        if isinstance(one, Measurement):
            yield one
