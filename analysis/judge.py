"""A whole run judged: every raw record read, reduced, and given its outcome."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from analysis.baseline import Baseline, read_baselines
from analysis.conformance import Probe, Server, read_probes
from analysis.crosscheck import Checks, read_checks
from analysis.facts import Facts, reduce
from analysis.limits import Finding, Limit, find
from analysis.prices import Prices, read_prices
from analysis.records import Cell, InvalidRecord, Run, json_files, load_run, read_record
from analysis.verdict import RATED, Context, Outcome, ResponseSize, Verdict, judge

WORTH_PROCESSES = 500
"""Of fewer records, starting processes takes longer than they save."""
MOST_PROCESSES = 4
RECORDS_AT_ONCE = 25


@dataclass(frozen=True, slots=True)
class Measurement:
    """One record with its judgement; a finding only where there is a rate to be limited."""

    facts: Facts
    verdict: Verdict
    finding: Finding | None

    @property
    def limited_by(self) -> Limit | None:
        return self.finding.limit if self.finding else None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A run, its measurements by testbed, round and position, and what could not be used.

    invalid: records that are whole neither as a file nor by schema, with the reason.
    missing: scheduled cells without any record, by round (from 1).
    """

    run: Run
    measurements: list[Measurement]
    invalid: list[InvalidRecord]
    missing: list[tuple[int, Cell]]
    probes: dict[Server, Probe] = field(default_factory=dict)
    unusable_probes: list[InvalidRecord] = field(default_factory=list)
    crosscheck: Checks = field(default_factory=Checks)
    baselines: dict[str, Baseline] = field(default_factory=dict)
    prices: Prices = field(default_factory=Prices)

    @property
    def by_cell(self) -> dict[Cell, list[Measurement]]:
        """Every cell that is scheduled or was seen, with its measurements in their order."""
        cells: dict[Cell, list[Measurement]] = {cell: [] for cell in self.run.cells}
        for measurement in self.measurements:
            cells.setdefault(measurement.facts.cell, []).append(measurement)
        return cells

    @property
    def unusable(self) -> list[InvalidRecord]:
        """Every record that is kept out of the figures for a fault that is not the framework's."""
        judged = [
            InvalidRecord(measurement.facts.file, measurement.verdict.reason)
            for measurement in self.measurements
            if measurement.verdict.outcome == Outcome.INVALID
        ]
        return sorted([*self.invalid, *judged], key=lambda record: record.file)

    @property
    def measuring_share(self) -> float | None:
        """Share of the measuring phase's wall time spent in warm-up and measuring.

        The time that wrk ran, as far as it was planned to, over the time from the phase's start
        to its end (or to the last record, while it goes on), for each testbed. None: not known.
        """
        run = self.run
        ends = [m.facts.ended for m in self.measurements if m.facts.ended]
        ended = run.measuring_ended or max(ends, default=None)
        if run.measuring_started is None or ended is None or ended <= run.measuring_started:
            return None
        wall = (ended - run.measuring_started).total_seconds() * max(1, len(run.testbeds))
        try:
            warmup, duration = (float(run.variables[f"bench_{n}"]) for n in ("warmup", "duration"))
        except (KeyError, TypeError, ValueError):
            return None
        facts = [measurement.facts for measurement in self.measurements]
        spent = (min(f.warmup_s, warmup) + min(f.measured_s, duration) for f in facts)
        return (sum(spent) + self.crosscheck.spent_s(warmup, duration)) / wall


def judge_run(folder: Path, *, alone: bool = True) -> Judgement:
    """Judge results/<run_id>/; if not alone, with further processes where there is much to read.

    RunError: it is no run.
    """
    run = load_run(folder)
    reduced: list[Facts] = []
    invalid: list[InvalidRecord] = []
    first: dict[tuple[int, Cell], str] = {}
    for facts in _read(run, alone=alone):
        if isinstance(facts, InvalidRecord):
            invalid.append(facts)
            continue
        same = first.setdefault((facts.round, facts.cell), facts.file)
        if same != facts.file:
            invalid.append(
                InvalidRecord(facts.file, f"it is the same measurement of this round as {same}")
            )
            continue
        reduced.append(facts)
    reduced.sort(key=lambda facts: (facts.cell.testbed, facts.round, facts.position))

    sizes = response_sizes(reduced)
    probes, unusable_probes = read_probes(run)
    baselines = read_baselines(folder)
    return Judgement(
        run=run,
        measurements=[_judged(facts, sizes, probes, baselines) for facts in reduced],
        invalid=invalid,
        missing=[
            (number, cell)
            for number, cells in enumerate(run.rounds, start=1)
            for cell in cells
            if (number, cell) not in first
        ],
        probes=probes,
        unusable_probes=unusable_probes,
        crosscheck=read_checks(run),
        baselines=baselines,
        prices=read_prices(run),
    )


def _read(run: Run, *, alone: bool) -> Iterator[Facts | InvalidRecord]:
    """What is left of each raw record, in the order of their names."""
    paths = json_files(run.folder / "raw")
    one = partial(_read_one, run_id=run.run_id)
    processes = min(MOST_PROCESSES, len(os.sched_getaffinity(0)))
    if alone or processes == 1 or len(paths) < WORTH_PROCESSES:
        yield from map(one, paths)
        return
    # not by fork: this process may have threads of the libraries that draw
    context = get_context("forkserver")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        yield from pool.map(one, paths, chunksize=RECORDS_AT_ONCE)


def _read_one(path: Path, run_id: str) -> Facts | InvalidRecord:
    record = read_record(path, run_id)
    return record if isinstance(record, InvalidRecord) else reduce(record)


def _judged(
    facts: Facts,
    sizes: dict[tuple[str, str], ResponseSize],
    probes: dict[Server, Probe],
    baselines: dict[str, Baseline],
) -> Measurement:
    testbed, framework, workers, *_ = facts.cell
    context = Context(
        response_size=sizes.get((testbed, framework)),
        probe=probes.get(Server(testbed, framework, workers)),
    )
    verdict = judge(facts, context)
    baseline = baselines.get(testbed)
    return Measurement(facts, verdict, find(facts, baseline) if verdict.outcome in RATED else None)


def response_sizes(measurements: list[Facts]) -> dict[tuple[str, str], ResponseSize]:
    """Bytes of one response by testbed and framework, as most of its measurements show it.

    A response that the end cut off makes the quotient of bytes and requests a little too large,
    so the measurements without one (it divides evenly) decide; where there are none, the
    smallest quotient does.
    """
    whole: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    least: dict[tuple[str, str], int] = {}
    for facts in measurements:
        if facts.totals and facts.totals.requests:
            key = (facts.cell.testbed, facts.cell.framework)
            size, rest = divmod(facts.totals.bytes, facts.totals.requests)
            least[key] = min(size, least.get(key, size))
            if not rest:
                whole[key][size] += 1
    return {
        key: ResponseSize(whole[key].most_common(1)[0][0], exact=True)
        if whole[key]
        else ResponseSize(least[key], exact=False)
        for key in least
    }


def typical(measurements: list[Measurement]) -> Measurement | None:
    """The measurement of the median round; of those without a rate, the first that wrk ran in."""
    rated = [m for m in measurements if m.verdict.outcome in RATED and m.facts.totals]
    if rated:
        rated.sort(key=lambda m: m.facts.totals.requests_per_s if m.facts.totals else 0)
        return rated[(len(rated) - 1) // 2]
    return next((m for m in measurements if m.facts.wrk_text), None)
