"""How each cell stands among the others of its group: ratios within the round, ties, ranks.

docs/method.md says how cells are compared; the arithmetic is pipebench/stats'.
"""

from collections.abc import Mapping, Sequence
from statistics import median

from msgspec import structs

from pipebench.record.factors import Cell, group_of
from pipebench.record.run_record import Framework
from pipebench.rules.outcome import RATED
from pipebench.rules.rule import Outcome
from pipebench.run.entries import Better, Figure, Ranking
from pipebench.run.figures import FIGURES, CellSummary
from pipebench.run.judge import JudgedMeasurement
from pipebench.stats.estimate import UNKNOWN, Estimate, estimate, ratios
from pipebench.stats.ranking import noise_floor, ranks

ByRound = dict[int, float]
"""A figure by round."""


def set_standings(
    frameworks: Mapping[str, Framework],
    rows: Sequence[CellSummary],
    by_cell: Mapping[Cell, Sequence[JudgedMeasurement]],
) -> None:
    """Fill what is said of each row against the others of its cell group."""
    groups: dict[Cell, list[CellSummary]] = {}
    for row in rows:
        groups.setdefault(group_of(row.cell), []).append(row)
    ranked = [(figure, figure.ranking) for figure in FIGURES if figure.ranking]
    for group in groups.values():
        for figure, ranking in ranked:
            values = {row.cell.framework: figure.by_round(by_cell[row.cell]) for row in group}
            _set_control(frameworks, group, figure, values)
            _set_relative(group, figure, ranking, values)
            _set_ranks(group, figure, ranking, values)
            if ranking.ceiling:
                _set_ceiling(group, figure, values)


def set_scaling(
    rows: Sequence[CellSummary], by_cell: Mapping[Cell, Sequence[JudgedMeasurement]]
) -> None:
    """Fill the ratio of each cell with several workers to the same cell with one worker."""
    rate = CellSummary.requests_per_s
    for row in rows:
        alone = by_cell.get(structs.replace(row.cell, workers=1))
        if alone and row.cell.workers != 1:
            own = rate.by_round(by_cell[row.cell])
            row.to_one_worker = estimate(ratios(own, rate.by_round(alone)))


def _candidates(group: Sequence[CellSummary], values: Mapping[str, ByRound]) -> list[CellSummary]:
    """Those that are ranked: frameworks that are ok and have the figure."""
    return [
        row
        for row in group
        if row.role == "framework" and row.outcome == Outcome.OK and values[row.cell.framework]
    ]


def _set_control(
    frameworks: Mapping[str, Framework],
    group: Sequence[CellSummary],
    figure: Figure,
    values: Mapping[str, ByRound],
) -> None:
    """The noise floor of the group, and whether the control is tied with its reference."""
    control = _control(frameworks, group, values)
    floor = noise_floor(control)
    for row in group:
        standing = figure.in_row(row)
        standing.noise_floor = floor
        if row.role == "control" and control.holds_1 is not None:
            standing.verdict = "tied" if control.holds_1 else "differs"


def _control(
    frameworks: Mapping[str, Framework],
    group: Sequence[CellSummary],
    values: Mapping[str, ByRound],
) -> Estimate:
    """The ratio of the reference under another name to itself; both must be ok."""
    outcomes = {row.cell.framework: row.outcome for row in group}
    for name, outcome in outcomes.items():
        framework = frameworks.get(name)
        reference = framework.control_of if framework else None
        if reference and outcome == outcomes.get(reference) == Outcome.OK:
            return estimate(ratios(values[name], values[reference]))
    return UNKNOWN


def _set_relative(
    group: Sequence[CellSummary], figure: Figure, ranking: Ranking, values: Mapping[str, ByRound]
) -> None:
    """Of every row, to the best one."""
    candidates = _candidates(group, values)
    if not candidates:
        return
    goodness = _more_is_better(ranking, values)
    names = [row.cell.framework for row in candidates]
    best = max(names, key=lambda name: (median(goodness[name].values()), name))
    for row in group:
        name = row.cell.framework
        relative = estimate(ratios(values[name], values[best]))
        # of the best it is 1 by definition: there is nothing to be unsure of
        figure.in_row(row).relative = Estimate(1.0) if name == best else relative


def _set_ranks(
    group: Sequence[CellSummary], figure: Figure, ranking: Ranking, values: Mapping[str, ByRound]
) -> None:
    candidates = _candidates(group, values)
    if not candidates:
        return
    goodness = _more_is_better(ranking, values)
    names = [row.cell.framework for row in candidates]
    floor = figure.in_row(candidates[0]).noise_floor
    groups = ranks({name: goodness[name] for name in names}, floor)
    alone = list(groups.values()).count(1) == 1
    for row in candidates:
        standing = figure.in_row(row)
        standing.rank = groups.get(row.cell.framework)
        if standing.rank is not None and len(groups) > 1:
            first = ranking.best if alone else "tied"
            standing.verdict = first if standing.rank == 1 else ranking.worse


def _more_is_better(ranking: Ranking, values: Mapping[str, ByRound]) -> Mapping[str, ByRound]:
    """The values; of a cost their inverse, what is had for it."""
    if ranking.better_is == Better.HIGHER:
        return values
    return {
        name: {number: 1 / value for number, value in own.items()} for name, own in values.items()
    }


def _set_ceiling(
    group: Sequence[CellSummary], figure: Figure, values: Mapping[str, ByRound]
) -> None:
    ceiling = next((row for row in group if row.role == "ceiling"), None)
    if ceiling is None or ceiling.outcome not in RATED:
        return
    for row in group:
        share = estimate(ratios(values[row.cell.framework], values[ceiling.cell.framework]))
        figure.in_row(row).share_of_ceiling = share.value
