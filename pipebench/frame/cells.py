"""The rows of summary.csv: each cell of a run, summarised over its rounds."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pipebench.frame.measured import MeasuredCells
from pipebench.frame.standings import set_scaling, set_standings
from pipebench.record.factors import GROUP, Cell, order
from pipebench.record.run_record import Framework
from pipebench.rules.bottleneck import Disturbance, LimitedBy
from pipebench.rules.outcome import RATED
from pipebench.rules.rule import Outcome
from pipebench.run.columns import RATIO_DECIMALS
from pipebench.run.entries import Figure, Summarised
from pipebench.run.figures import FIGURES, CellSummary
from pipebench.run.judge import JudgedMeasurement, JudgedRun
from pipebench.stats.estimate import Estimate

Measurements = Sequence[JudgedMeasurement]


def summary(judged_run: JudgedRun) -> list[CellSummary]:
    """A row a cell, scheduled or seen, with figures as the tables show them: rounded.

    Sorted by cell group, within it the fastest first, what has no rate after them, and last what
    has no rank: the ceiling and the A/A control.
    """
    by_cell = judged_run.by_cell
    scheduled = Counter(cell for cells in judged_run.run.rounds for cell in cells)
    measured = MeasuredCells.of(list(by_cell.values()))
    rows = [
        _row(judged_run, cell, measurements, scheduled[cell])
        for cell, measurements in by_cell.items()
    ]
    for figure in FIGURES:
        for row, own in zip(rows, measured.summarised(figure), strict=True):
            row.figures[figure.name] = own
    set_standings(judged_run.run.frameworks, rows, measured)
    set_scaling(rows, measured)
    for row in rows:
        _derive(row)
        row.figures = {one.name: _rounded(one, one.in_row(row)) for one in FIGURES}
    rows.sort(key=_place)
    return rows


def _place(row: CellSummary) -> tuple[object, ...]:
    rate = row.requests_per_s.value or 0
    return order(row.cell, GROUP), row.role != "framework", -rate, row.cell.framework


def _derive(row: CellSummary) -> None:
    """The figures that are made of a cell's other figures."""
    for figure in FIGURES:
        if figure.of_cell:
            row.figures[figure.name] = Summarised(*figure.of_cell(row))


def _rounded(figure: Figure, own: Summarised) -> Summarised:
    floor, share = own.noise_floor, own.share_of_ceiling
    return Summarised(
        *own.spread.rounded(figure.decimals),
        relative=own.relative.rounded(RATIO_DECIMALS),
        rank=own.rank,
        verdict=own.verdict,
        noise_floor=Estimate(floor).rounded(RATIO_DECIMALS).value,
        share_of_ceiling=Estimate(share).rounded(RATIO_DECIMALS).value,
    )


def _row(
    judged_run: JudgedRun, cell: Cell, measurements: Measurements, scheduled: int
) -> CellSummary:
    valid = [one for one in measurements if one.judgement.outcome != Outcome.INVALID]
    rated = [one for one in valid if one.judgement.outcome in RATED]
    framework = judged_run.run.frameworks.get(cell.framework)
    stack = framework.stack if framework else None
    outcome, reason = _worst(valid, scheduled)
    # its figures come from the rounds of all cells at once
    return CellSummary(
        run_id=judged_run.run.run_id,
        cell=cell,
        stack=measurements[0].measurement.stack if measurements else stack,
        title=framework.title if framework else cell.framework,
        role=_role(framework),
        outcome=outcome,
        reason=reason,
        limited_by=_limit(rated),
        limit=_limit_sentence(rated),
        disturbed=_disturbed(valid),
        rounds=len(valid),
        rounds_rated=len(rated),
        rounds_scheduled=scheduled or None,
        price=judged_run.price_of(cell.testbed),
        server_cpus=_server_cpus(valid),
        worker_count=next((one.measurement.worker_count for one in measurements), None),
    )


def _role(framework: Framework | None) -> str:
    if framework is None:
        return "framework"
    return "control" if framework.control_of else framework.role


def _worst(valid: Measurements, scheduled: int) -> tuple[Outcome | None, str | None]:
    """The worst outcome of the rounds, and in how many of them for which reason."""
    if not valid:
        planned = f" of {scheduled}" if scheduled else ""
        return None, f"not measured: 0{planned} rounds have a result"
    order = list(Outcome)
    worst = max((one.judgement.outcome for one in valid), key=order.index)
    if worst == Outcome.OK:
        return worst, None
    judgements = [one.judgement for one in valid if one.judgement.outcome == worst]
    # figures differ from round to round: the rules that most rounds share, as the first has them
    rules = Counter(judgement.rules for judgement in judgements).most_common(1)[0][0]
    reason = next(judgement.reason for judgement in judgements if judgement.rules == rules)
    return worst, f"{len(judgements)} of {len(valid)} rounds: {reason}"


def _limits(rated: Measurements) -> Counter[LimitedBy]:
    return Counter(one.limited_by for one in rated if one.limited_by)


def _limit(rated: Measurements) -> LimitedBy | None:
    """What limited more than half of the rounds."""
    if not rated:
        return None
    limit, rounds = _limits(rated).most_common(1)[0]
    return limit if rounds * 2 > len(rated) else LimitedBy.UNKNOWN


def _limit_sentence(rated: Measurements) -> str | None:
    """The sentence of the first round that was limited by what limited most."""
    limit = _limit(rated)
    same = (one.bottleneck for one in rated if one.bottleneck and one.limited_by == limit)
    bottleneck = next(same, None)
    if bottleneck or not rated:
        return bottleneck.sentence if bottleneck else None
    counts = ", ".join(f"{n} {name}" for name, n in _limits(rated).most_common())
    return f"the rounds differ: {counts}"


def _disturbed(valid: Measurements) -> tuple[Disturbance, ...]:
    """What disturbed how many of the rounds, each in the words of the round it was greatest in."""
    by_kind: dict[tuple[str, str | None], list[Disturbance]] = {}
    for judged in valid:
        for one in judged.bottleneck.disturbances if judged.bottleneck else ():
            by_kind.setdefault((one.name, one.host), []).append(one)
    rounds = sum(judged.bottleneck is not None for judged in valid)
    disturbed = []
    for same in by_kind.values():
        greatest = max(same, key=lambda one: one.size)
        often = f" (the most; {len(same)} of {rounds} rounds)" if rounds > 1 else ""
        disturbed.append(replace(greatest, sentence=greatest.sentence + often))
    return tuple(disturbed)


def _server_cpus(valid: Measurements) -> int | None:
    """They do not change in a run."""
    return next((one.measurement.server_cpus for one in valid if one.measurement.server_cpus), None)
