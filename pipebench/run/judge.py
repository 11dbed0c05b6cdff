"""A whole run judged: every raw record read, reduced, and given its outcome."""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from pipebench.measure.measurement import Measurement
from pipebench.record import store
from pipebench.record.factors import Cell, ProbedServer
from pipebench.record.reading import one_document
from pipebench.record.run_record import Run, load_run
from pipebench.record.schema import InvalidRecord, RecordError, RunError
from pipebench.record.values import line
from pipebench.rules.bottleneck import Bottleneck, LimitedBy, bottleneck_of
from pipebench.rules.cloud import baselines
from pipebench.rules.conformance import Conformance, read_probes
from pipebench.rules.outcome import RATED, Context, Judgement, ResponseSize, judge
from pipebench.rules.path_capacity import PathCapacity, of_several, read_path_capacities
from pipebench.rules.rule import Outcome
from pipebench.run.prices import Price, Prices, read_prices
from pipebench.run.readers import Reader, Records, readers
from pipebench.tools import first_tool, tools
from pipebench.tools.tool import Tool

MOST_UNMEASURED = 1000
"""Cells without a record that have a row: a folder of few files does not make a large report."""


@dataclass(frozen=True, slots=True)
class JudgedMeasurement:
    """One record with its judgement; a bottleneck only if there is a rate to be limited."""

    measurement: Measurement
    judgement: Judgement
    bottleneck: Bottleneck | None

    @property
    def limited_by(self) -> LimitedBy | None:
        return self.bottleneck.limit if self.bottleneck else None

    @property
    def disturbances(self) -> str | None:
        """What disturbed the measurement, in sentences."""
        disturbances = self.bottleneck.disturbances if self.bottleneck else ()
        return "; ".join(one.sentence for one in disturbances) or None


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """A run, its measurements by testbed, round and position, and what could not be used.

    invalid: records that are whole neither as a file nor by schema, with the reason.
    missing: scheduled cells without any record, by round (from 1).
    """

    run: Run
    measurements: list[JudgedMeasurement]
    invalid: list[InvalidRecord]
    missing: list[tuple[int, Cell]]
    probes: dict[ProbedServer, Conformance] = field(default_factory=dict)
    unusable_probes: list[InvalidRecord] = field(default_factory=list)
    answers: list[Measurement] = field(default_factory=list)
    """Windows in which every answer was checked: one for each cell."""
    unusable_answers: list[InvalidRecord] = field(default_factory=list)
    checks: list[Measurement] = field(default_factory=list)
    unusable_checks: list[InvalidRecord] = field(default_factory=list)
    path_capacities: dict[str, PathCapacity] = field(default_factory=dict)
    prices: Prices = field(default_factory=Prices)

    @property
    def by_cell(self) -> dict[Cell, list[JudgedMeasurement]]:
        """Every cell that is scheduled or was seen, with its measurements in their order.

        Of those without any measurement only the first MOST_UNMEASURED.
        """
        seen = {judged.measurement.cell for judged in self.measurements}
        left = set([cell for cell in self.run.cells if cell not in seen][:MOST_UNMEASURED])
        cells: dict[Cell, list[JudgedMeasurement]] = {
            cell: [] for cell in self.run.cells if cell in seen or cell in left
        }
        for judged in self.measurements:
            cells.setdefault(judged.measurement.cell, []).append(judged)
        return cells

    @property
    def tool(self) -> Tool:
        """The load tool that measured; of a run without a measurement, the one that would now."""
        names = (judged.measurement.tool for judged in self.measurements)
        return tools().get(next(names, ""), first_tool())

    @property
    def unusable(self) -> list[InvalidRecord]:
        """Every record that is kept out of the figures for a fault that is not the framework's."""
        judged = [
            InvalidRecord(judged.measurement.file, judged.judgement.reason)
            for judged in self.measurements
            if judged.judgement.outcome == Outcome.INVALID
        ]
        return sorted([*self.invalid, *judged], key=lambda record: record.file)

    def price_of(self, testbed: str) -> Price | None:
        """What an hour of the host costs that serves in a testbed."""
        server = next((one.server for one in self.run.testbeds if one.name == testbed), None)
        return self.prices.hosts.get(server) if server else None

    @property
    def measuring_share(self) -> float | None:
        """Share of the measuring phase's wall time spent in warm-up and measuring.

        The time that the load tools ran, as far as it was planned, over the time from the phase's
        start to its end (or to the last record, while it goes on), for each testbed. None: not
        known.
        """
        run = self.run
        ends = [m.measurement.ended for m in self.measurements if m.measurement.ended]
        ended = run.measuring_ended or max(ends, default=None)
        if run.measuring_started is None or ended is None or ended <= run.measuring_started:
            return None
        whole_s = (ended - run.measuring_started).total_seconds() - run.interrupted_s
        if whole_s <= 0:
            return None
        wall = whole_s * max(1, len(run.testbeds))
        try:
            warmup, duration = (float(run.variables[f"bench_{n}"]) for n in ("warmup", "duration"))
        except (KeyError, TypeError, ValueError):
            return None
        measured = (judged.measurement for judged in self.measurements)
        measurements = [*measured, *self.answers, *self.checks]
        return sum(spent_s(one, warmup, duration) for one in measurements) / wall


def judge_run(folder: Path, *, alone: bool = True) -> JudgedRun:
    """Judge results/<run_id>/; if not alone, with further processes if there is much to read.

    RunError: it is not a run.
    """
    with contextlib.closing(judging([folder], alone=alone)) as judged:
        return next(judged)()


def judging(folders: Sequence[Path], *, alone: bool = False) -> Generator[Callable[[], JudgedRun]]:
    """For each run, in their order, what judges it: call it before the next is asked for.

    All of them are read by the same processes, which read the next while one is judged.
    """
    with readers(folders, alone=alone) as read:
        started = [_started(folder, read) for folder in folders]
        while started:
            yield partial(_judged_run, *started.pop(0))


def _started(folder: Path, read: Reader) -> tuple[Run | RunError, list[Records]]:
    """The run, and what is read of it: raw records, checked answers, cross-checks."""
    try:
        run = load_run(folder)
    except RunError as error:
        return error, []
    return run, [read(run, inner) for inner in (store.RAW, store.ANSWERS, store.CROSSCHECK)]


def _judged_run(run: Run | RunError, read: list[Records]) -> JudgedRun:
    if isinstance(run, RunError):
        raise run
    records, answers, crosschecks = read
    reduced: list[Measurement] = []
    invalid: list[InvalidRecord] = []
    first: dict[tuple[int, Cell], str] = {}
    for measurement in records:
        if isinstance(measurement, InvalidRecord):
            invalid.append(measurement)
            continue
        same = first.setdefault((measurement.round, measurement.cell), measurement.file)
        if same != measurement.file:
            invalid.append(
                InvalidRecord(
                    measurement.file, f"it is the same measurement of this round as {same}"
                )
            )
            continue
        reduced.append(measurement)
    reduced.sort(
        key=lambda measurement: (measurement.cell.testbed, measurement.round, measurement.position)
    )

    probes, unusable_probes = read_probes(run)
    whole_answers, unusable_answers = _apart(answers)
    known = Known(run, response_sizes(reduced), probes, whole_answers)
    path_capacities = read_path_capacities(run.folder)
    checks, unusable_checks = _apart(crosschecks)
    judged: list[JudgedMeasurement] = []
    for measurement in reduced:
        try:
            with one_document():
                judged.append(_judged(measurement, known, path_capacities))
        except RecordError as error:
            invalid.append(InvalidRecord(measurement.file, line(str(error))))
    return JudgedRun(
        run=run,
        measurements=judged,
        invalid=invalid,
        missing=[
            (number, cell)
            for number, cells in enumerate(run.rounds, start=1)
            for cell in cells
            if (number, cell) not in first
        ],
        probes=probes,
        unusable_probes=unusable_probes,
        answers=whole_answers,
        unusable_answers=unusable_answers,
        checks=checks,
        unusable_checks=unusable_checks,
        path_capacities=path_capacities,
        prices=read_prices(run),
    )


def spent_s(measurement: Measurement, warmup: float, duration: float) -> float:
    """Time in warm-up and measuring, as far as it was planned."""
    return min(measurement.warmup_s, warmup) + min(measurement.measured_s, duration)


def _apart(records: Records) -> tuple[list[Measurement], list[InvalidRecord]]:
    """Those that are whole, and those that are not."""
    read = list(records)
    whole = [one for one in read if isinstance(one, Measurement)]
    return whole, [one for one in read if isinstance(one, InvalidRecord)]


@dataclass(frozen=True)
class Known:
    """What a run knows beyond one of its measurements."""

    run: Run
    sizes: dict[tuple[str, str], ResponseSize]
    probes: dict[ProbedServer, Conformance]
    answers: list[Measurement]

    @cached_property
    def answers_of(self) -> dict[Cell, Measurement]:
        return {one.cell: one for one in self.answers if one.checked}

    def context(self, measurement: Measurement) -> Context:
        """What it knows of a measurement's framework."""
        cell = measurement.cell
        framework = self.run.frameworks.get(cell.framework)
        return Context(
            response_size=self.sizes.get((cell.testbed, cell.framework)),
            probe=self.probes.get(ProbedServer.of(cell)),
            answers=self.answers_of.get(cell),
            role=framework.role if framework else None,
            runtime=framework.runtime if framework else None,
        )


def known_of(judged_run: JudgedRun) -> Known:
    """The same of a run that is judged."""
    measurements = [judged.measurement for judged in judged_run.measurements]
    sizes = response_sizes(measurements)
    return Known(judged_run.run, sizes, judged_run.probes, judged_run.answers)


def _judged(
    measurement: Measurement, known: Known, path_capacities: dict[str, PathCapacity]
) -> JudgedMeasurement:
    judgement = judge(measurement, known.context(measurement))
    path_capacity = path_capacities.get(measurement.cell.testbed)
    if path_capacity and len(measurement.loads) > 1:
        path_capacity = of_several(path_capacity)
    if judgement.outcome not in RATED:
        return JudgedMeasurement(measurement, judgement, None)
    bottleneck = bottleneck_of(measurement, path_capacity, baselines(known.run.hosts))
    return JudgedMeasurement(measurement, judgement, bottleneck)


def response_sizes(measurements: list[Measurement]) -> dict[tuple[str, str], ResponseSize]:
    """Bytes of one response by testbed and framework, as most of its measurements show it.

    A response that the end cut off makes the quotient of bytes and requests a little too large,
    so the measurements without one (it divides evenly) decide; if there are none, the smallest
    quotient does, of those in which no bytes may be missing.
    """
    whole: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    least: dict[tuple[str, str], int] = {}
    for measurement in measurements:
        totals = measurement.totals
        if totals and totals.requests and totals.bytes is not None:
            key = (measurement.cell.testbed, measurement.cell.framework)
            size, rest = divmod(totals.bytes, totals.requests)
            if not rest:
                whole[key][size] += 1
            if not totals.uncounted_bytes:
                least[key] = min(size, least.get(key, size))
    return {
        key: ResponseSize(whole[key].most_common(1)[0][0], exact=True)
        if whole[key]
        else ResponseSize(least[key], exact=False)
        for key in (least | whole)
    }


def typical(measurements: list[JudgedMeasurement]) -> JudgedMeasurement | None:
    """The measurement of the median round; if none has a rate, the first with a load."""
    rated = [m for m in measurements if m.judgement.outcome in RATED and m.measurement.totals]
    if rated:
        rated.sort(key=lambda m: m.measurement.totals.requests_per_s if m.measurement.totals else 0)
        return rated[(len(rated) - 1) // 2]
    return next((m for m in measurements if m.measurement.tool_text), None)
