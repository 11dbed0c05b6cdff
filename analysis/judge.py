"""A whole run judged: every raw record read, reduced, and given its outcome."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from analysis.baseline import Baseline, read_baselines
from analysis.conformance import Probe, Server, read_probes
from analysis.crosscheck import Checks, read_checks
from analysis.facts import Facts, reduce
from analysis.limits import Finding, Limit, find
from analysis.records import Cell, InvalidRecord, Run, load_run, read_records
from analysis.verdict import RATED, Context, Outcome, Verdict, judge


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


def judge_run(folder: Path) -> Judgement:
    """Judge results/<run_id>/. RunError: it is no run."""
    run = load_run(folder)
    reduced: list[Facts] = []
    invalid: list[InvalidRecord] = []
    first: dict[tuple[int, Cell], str] = {}
    for record in read_records(run):
        if isinstance(record, InvalidRecord):
            invalid.append(record)
            continue
        same = first.setdefault((record.round, record.cell), record.file)
        if same != record.file:
            invalid.append(
                InvalidRecord(record.file, f"it is the same measurement of this round as {same}")
            )
            continue
        reduced.append(reduce(record))
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
    )


def _judged(
    facts: Facts,
    sizes: dict[tuple[str, str], int],
    probes: dict[Server, Probe],
    baselines: dict[str, Baseline],
) -> Measurement:
    testbed, framework, workers, *_ = facts.cell
    context = Context(
        response_bytes=sizes.get((testbed, framework)),
        probe=probes.get(Server(testbed, framework, workers)),
    )
    verdict = judge(facts, context)
    baseline = baselines.get(testbed)
    return Measurement(facts, verdict, find(facts, baseline) if verdict.outcome in RATED else None)


def response_sizes(measurements: list[Facts]) -> dict[tuple[str, str], int]:
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
    return {key: whole[key].most_common(1)[0][0] if whole[key] else least[key] for key in least}


def typical(measurements: list[Measurement]) -> Measurement | None:
    """The measurement of the median round; of those without a rate, the first that wrk ran in."""
    rated = [m for m in measurements if m.verdict.outcome in RATED and m.facts.totals]
    if rated:
        rated.sort(key=lambda m: m.facts.totals.requests_per_s if m.facts.totals else 0)
        return rated[(len(rated) - 1) // 2]
    return next((m for m in measurements if m.facts.wrk_text), None)
