"""One record for a person: the execution, its results, and the rules that it broke.

The folder of a record gives its kind. A record of raw/ is judged as the report judges it, together
with its run; without the run's folder it is judged alone, and a sentence says so.
"""

from difflib import get_close_matches
from pathlib import Path

from pipebench.documents.declared import listed
from pipebench.measure.measurement import Measurement, read_measurement, reduce
from pipebench.record.reading import one_document, read
from pipebench.record.run_record import Run, load_run
from pipebench.record.schema import (
    InvalidRecord,
    PathRecord,
    ProbeRecord,
    Record,
    RecordError,
    RunError,
)
from pipebench.record.store import ANSWERS, CROSSCHECK, PATH, PROBE, RAW, RUN, files, name_of, stem
from pipebench.record.values import line, worded
from pipebench.rules.cloud import baselines
from pipebench.rules.conformance import probe_of
from pipebench.rules.outcome import Context, judge
from pipebench.rules.path_capacity import capacity_of
from pipebench.run.judge import JudgedMeasurement, JudgedRun, judge_run, known_of
from pipebench.show import as_json, record_measurement, record_others
from pipebench.show.layout import wrapped
from pipebench.show.record_measurement import MeasurementInputs

KINDS = (RAW, PROBE, CROSSCHECK, ANSWERS, PATH)


def show(path: Path, *, plain: bool = False) -> str:
    """A record as text of at most 100 columns; plain: as JSON.

    RecordError: it cannot be shown; the message is a sentence that names the file.
    """
    folder, kind = path.absolute().parent.parent, path.absolute().parent.name
    if not path.is_file():
        problem = "is a folder" if path.is_dir() else "does not exist"
        advice = _meant(path) or f"show requires a record of a run, as in {RAW}/"
        raise RecordError(f"{path} {problem}; {advice}")
    if kind not in KINDS:
        advice = _meant(path) or f"a record is in a folder {listed(KINDS, 'or')} of a run"
        raise RecordError(f"{path} is not a record; {advice}")
    try:
        run, problem = load_run(folder), ""
    except RunError as error:
        run, problem = None, str(error)
    try:
        with one_document():
            if plain:
                document = _document(folder, f"{kind}/{path.name}", run, problem)
                return as_json.text({"file": str(path), **document})
            text = _text(folder, f"{kind}/{path.name}", run)
    except RecordError as error:
        raise RecordError(f"{path} cannot be used: {error}") from error
    return f"{text}\n\n{_alone(problem, kind)}" if problem else text


def _meant(path: Path) -> str:
    """Which record may be meant by a path in a run, or by the path of a run; or nothing."""
    run = next((one for one in (path, *path.parents[:2]) if (one / RUN).is_file()), None)
    if run is None:
        return ""
    kind = next((one for one in KINDS if files(run, one)), None)
    if kind is None:
        return f"{run} has no records"
    inner = next((one for one in (path.name, path.parent.name) if one in KINDS), kind)
    names = [name_of(file) for file in files(run, inner)]
    near = get_close_matches(path.name, names, n=1) or names[:1]
    return (
        f"a record of this run is {run / inner / near[0]}"
        if near
        else f"{run} has no records in {inner}/"
    )


def _text(folder: Path, file: str, run: Run | None) -> str:
    kind, _, name = file.partition("/")
    if kind == RAW:
        if run:
            return record_measurement.text(seen_in(judge_run(folder, alone=False), name))
        return record_measurement.text(
            MeasurementInputs(_measurement(folder, file, None), Context(), None)
        )
    if kind == CROSSCHECK:
        return record_measurement.checked(_measurement(folder, file, run))
    if kind == ANSWERS:
        return record_measurement.answers(_measurement(folder, file, run))
    if kind == PROBE:
        record: ProbeRecord = worded(read(folder, file, ProbeRecord))
        return record_others.probe(probe_of(record, run.run_id if run else record.run_id))
    return record_others.path_capacity(
        capacity_of(worded(read(folder, file, PathRecord)), line(stem(file)))
    )


def _document(folder: Path, file: str, run: Run | None, problem: str) -> as_json.Document:
    """The same as _text says."""
    kind, _, name = file.partition("/")
    if kind == RAW:
        if run:
            judged_run = judge_run(folder, alone=False)
            _usable(judged_run, line(name))
            found = (one for one in judged_run.measurements if one.measurement.file == line(name))
            return as_json.measurement(next(found), None)
        alone = _measurement(folder, file, None)
        return as_json.measurement(JudgedMeasurement(alone, judge(alone, Context()), None), problem)
    if kind in (CROSSCHECK, ANSWERS):
        measurement = _measurement(folder, file, run)
        shown = as_json.checked if kind == CROSSCHECK else as_json.answers
        return shown(measurement, record_measurement.problem_of(measurement))
    if kind == PROBE:
        record: ProbeRecord = worded(read(folder, file, ProbeRecord))
        return as_json.probe(probe_of(record, run.run_id if run else record.run_id))
    return as_json.path_capacity(
        capacity_of(worded(read(folder, file, PathRecord)), line(stem(file)))
    )


def _usable(judged_run: JudgedRun, name: str) -> Measurement:
    """A record of raw/ by its name. RecordError: the run could not use it."""
    unusable = {record.file: record.reason for record in judged_run.invalid}
    if name in unusable:
        raise RecordError(unusable[name])
    found = (one.measurement for one in judged_run.measurements if one.measurement.file == name)
    measurement = next(found, None)
    if measurement is None:
        raise RecordError("its name is not that of a record, or it is still being written")
    return measurement


def seen_in(judged_run: JudgedRun, name: str) -> MeasurementInputs:
    """A record of raw/ with its run. RecordError: the run could not use the record."""
    measurement = _usable(judged_run, line(name))
    return MeasurementInputs(
        measurement,
        known_of(judged_run).context(measurement),
        judged_run.path_capacities.get(measurement.cell.testbed),
        rounds=len(judged_run.run.rounds),
        positions=_positions(judged_run.run, measurement),
        baselines=baselines(judged_run.run.hosts),
    )


def _positions(run: Run, measurement: Measurement) -> int:
    """How many measurements the schedule has on this testbed in this round."""
    scheduled = run.rounds[measurement.round - 1] if measurement.round <= len(run.rounds) else []
    return sum(cell.testbed == measurement.cell.testbed for cell in scheduled)


def _measurement(folder: Path, file: str, run: Run | None) -> Measurement:
    """One record of a load tool, by itself."""
    if run is None:
        return reduce(worded(read(folder, file, Record)), file)
    measurement = read_measurement(folder, file, run.run_id)
    if isinstance(measurement, InvalidRecord):
        raise RecordError(measurement.reason)
    return measurement


def _alone(problem: str, kind: str) -> str:
    text = f"The run of this record cannot be read ({problem})."
    if kind == RAW:
        text += (
            " So the record was judged without the run's other records: the size of this "
            "framework's responses, its probe, and the path capacity."
        )
    return wrapped(text)
