"""What of a run is complete, by its records: it is not measured again when the run goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeGuard

from pipebench.measure.measurement import Measurement, read_measurement
from pipebench.plan.errors import PlanError
from pipebench.plan.estimate import measurements
from pipebench.plan.run_plan import RunPlan
from pipebench.record import store
from pipebench.record.factors import Cell, ProbedServer
from pipebench.record.folder import content_of, exists, move, names_in
from pipebench.record.reading import json_value, read
from pipebench.record.schema import InvalidRecord, PathRecord, ProbeRecord, RecordError
from pipebench.record.store import ANSWERS, BETWEEN, CROSSCHECK, PATH, PROBE, RAW, files
from pipebench.rules.outcome import Context, judge
from pipebench.rules.rule import Outcome

SET_ASIDE = "replaced"
"""The folder in a run for records that are not complete."""
FAULT = "harness_fault"
EXECUTIONS = (RAW, ANSWERS, CROSSCHECK)
"""The folders with records of executions with a load tool."""


class Made(NamedTuple):
    """An execution with a load tool. folder: of its record. round: 0 at a constant rate."""

    folder: str
    tool: str
    round: int
    cell: Cell


def made(run: RunPlan, testbed: str) -> frozenset[Made]:
    """The executions on a testbed whose records are complete."""
    return frozenset(
        Made(folder, one.tool, one.round, one.cell)
        for folder in EXECUTIONS
        for _, one in _read(run, folder, testbed)
        if is_complete(one)
    )


def measured_counts(run: RunPlan) -> Counter[str]:
    """How many measurements are complete, by testbed."""
    return Counter(one.cell.testbed for _, one in _read(run, RAW) if is_complete(one))


def left_text(run: RunPlan) -> str:
    """How much of a run that goes on is complete. PlanError: all of it."""
    counts = measured_counts(run)
    complete = sum(counts[testbed.name] for testbed in run.testbeds)
    count = measurements(run) * len(run.testbeds)
    if complete >= count:
        raise PlanError(
            f"All {count} measurements of the run {run.run_id} are complete. For more rounds of "
            f"it, add -e bench_rounds={2 * len(run.rounds)}."
        )
    return (
        f"Run {run.run_id} goes on: {complete} of {count} measurements are complete, "
        f"{count - complete} are left"
    )


def is_complete(one: Measurement | InvalidRecord) -> TypeGuard[Measurement]:
    """Whether it is a result, which a failure of its framework is, too."""
    return isinstance(one, Measurement) and judge(one, Context()).outcome != Outcome.INVALID


def is_mended(folder: Path, record: str) -> bool:
    """Whether a record of a run's folder that had a fault was made anew, or is made anew now."""
    if not exists(folder, record):
        return exists(folder, f"{SET_ASIDE}/{record}")
    try:
        value = json_value(content_of(folder, record))
    except RecordError:
        return False
    if not isinstance(value, dict):
        return False
    key = FAULT if FAULT in value else "error"  # of what is set on a host, and of its clock
    return key in value and value[key] is None


def set_aside(run: RunPlan) -> Counter[str]:
    """Move every record that is not complete to `replaced/`: it is made anew.

    A record that cannot be read is one of these. Returns what measured_counts does.
    """
    folder, counts = Path(run.results_dir), Counter[str]()
    incomplete = [file for file in files(folder, PROBE) if not is_probed(folder, file)]
    incomplete += [file for file in files(folder, PATH) if not is_path_measured(folder, file)]
    for name in EXECUTIONS:
        for file, one in _read(run, name):
            if not is_complete(one):
                incomplete.append(file)
            elif name == RAW:
                counts[one.cell.testbed] += 1
    for file in incomplete:
        put_aside(folder, file)
    return counts


def put_aside(folder: Path, file: str) -> None:
    """Move a record of a run's folder to `replaced/`, beside those that were there before."""
    inner, _, name = f"{SET_ASIDE}/{file}".rpartition("/")
    there, free, number = names_in(folder, inner), name, 1
    while free in there:
        number += 1
        free = f"{store.stem(name)}-{number}{name.removeprefix(store.stem(name))}"
    move(folder, file, f"{inner}/{free}")


def probed(run: RunPlan, testbed: str) -> frozenset[ProbedServer]:
    """The servers of a testbed whose probes are recorded without a fault of the harness."""
    folder = Path(run.results_dir)
    return frozenset(
        record.server_probed
        for file in _files(folder, PROBE, testbed)
        if (record := _probe(folder, file)) and record.harness_fault is None
    )


def is_probed(folder: Path, file: str) -> bool:
    """Whether a probe is recorded without a fault of the harness."""
    record = _probe(folder, file)
    return record is not None and record.harness_fault is None


def _probe(folder: Path, file: str) -> ProbeRecord | None:
    try:
        return read(folder, file, ProbeRecord)
    except RecordError:
        return None


def is_path_measured(folder: Path, file: str) -> bool:
    """Whether the path's capacity is recorded, and could be measured."""
    try:
        return read(folder, file, PathRecord).error is None
    except RecordError:
        return False


def _read(
    run: RunPlan, folder: str, testbed: str = ""
) -> Iterator[tuple[str, Measurement | InvalidRecord]]:
    """The records in a folder, of a testbed if it is given."""
    results = Path(run.results_dir)
    for file in _files(results, folder, testbed):
        yield file, read_measurement(results, file, run.run_id)


def _files(results: Path, folder: str, testbed: str) -> list[str]:
    """The records in a folder; only those whose names begin with a testbed's, if it is given.

    The name of another testbed may begin with the same word in older runs.
    """
    begins = tuple(f"{folder}/{testbed}{between}" for between in (BETWEEN, "-"))
    return [file for file in files(results, folder) if not testbed or file.startswith(begins)]
