"""What summary.csv says of each cell against the others of its group: ratios, ties, ranks.

docs/method.md says how it is compared, statistics.py does the arithmetic.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from pipebench.measure.measurement import Measurement
from pipebench.record.run import Framework
from pipebench.record.schema import Cell
from pipebench.rules.outcome import RATED, Outcome
from pipebench.run.figures import CellSummary, Spread, Summarised, spread
from pipebench.run.judge import JudgedMeasurement
from pipebench.stats.estimate import Estimate, estimate, noise_floor, ranks, ratios

CellGroup = tuple[str, int, int, int]
"""Testbed, workers, depth, connections: cells that differ in nothing but the framework."""
CELL_GROUP = ("testbed", "workers", "depth", "connections")
"""The names of the same."""


def cell_group(cell: Cell) -> CellGroup:
    """What `relative` compares within."""
    return cell.testbed, cell.workers, cell.depth, cell.connections


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one figure is compared. inverse: it is a cost, of which less is better."""

    of: Callable[[CellSummary], Summarised]
    best: str
    worse: str
    inverse: bool


BY_RATE = Comparison(lambda row: row.requests_per_s, "fastest", "slower", inverse=False)
BY_CPU = Comparison(lambda row: row.server_cpu_us_per_request, "cheapest", "dearer", inverse=True)


def compare(
    frameworks: dict[str, Framework],
    rows: list[CellSummary],
    by_cell: dict[Cell, list[JudgedMeasurement]],
) -> None:
    """Fill what is said of each row against the others of its cell group."""
    groups: dict[CellGroup, list[CellSummary]] = {}
    for row in rows:
        groups.setdefault(cell_group(row.cell), []).append(row)
    for group in groups.values():
        rates = {row.cell.framework: by_round(by_cell[row.cell], rate) for row in group}
        costs = {row.cell.framework: by_round(by_cell[row.cell], cost) for row in group}
        _relate(frameworks, group, rates, BY_RATE)
        served = {
            name: {number: 1 / value for number, value in of.items()} for name, of in costs.items()
        }
        _relate(frameworks, group, served, BY_CPU)
        ceilings = [row for row in group if row.role == "ceiling"]
        if ceilings and ceilings[0].outcome in RATED:
            ceiling = rates[ceilings[0].cell.framework]
            for row in group:
                found = estimate(ratios(rates[row.cell.framework], ceiling))
                row.share_of_ceiling = found.median if found else None


def _relate(
    frameworks: dict[str, Framework],
    group: list[CellSummary],
    values: dict[str, dict[int, float]],
    comparison: Comparison,
) -> None:
    """Compare one figure in a cell group. values: by framework and round, more is better."""
    ok = [
        row
        for row in group
        if row.role == "framework" and row.outcome == Outcome.OK and values[row.cell.framework]
    ]
    again = _again(frameworks, group, values)
    floor = noise_floor(again)
    for row in group:
        comparison.of(row).noise_floor = floor
        if row.role == "control" and again and again.holds_1 is not None:
            comparison.of(row).verdict = "tied" if again.holds_1 else "differs"
    if not ok:
        return
    best = max(
        ok,
        key=lambda row: (median(values[row.cell.framework].values()), row.cell.framework),
    )
    base = values[best.cell.framework]
    for row in group:
        own = values[row.cell.framework]
        found = estimate(ratios(base, own) if comparison.inverse else ratios(own, base))
        # of the best it is 1 by definition: there is nothing to be unsure of
        comparison.of(row).relative = Spread(1.0) if row is best else spread(found)
    groups = ranks({row.cell.framework: values[row.cell.framework] for row in ok}, floor)
    alone = list(groups.values()).count(1) == 1
    for row in ok:
        figure = comparison.of(row)
        figure.rank = groups.get(row.cell.framework)
        if figure.rank is not None and len(groups) > 1:
            first = comparison.best if alone else "tied"
            figure.verdict = first if figure.rank == 1 else comparison.worse


def _again(
    frameworks: dict[str, Framework],
    group: list[CellSummary],
    values: dict[str, dict[int, float]],
) -> Estimate | None:
    """The ratio of the reference under another name to itself; both must be ok."""
    outcomes = {row.cell.framework: row.outcome for row in group}
    for name, outcome in outcomes.items():
        framework = frameworks.get(name)
        reference = framework.control_of if framework else None
        if reference and outcome == outcomes.get(reference) == Outcome.OK:
            return estimate(ratios(values[name], values[reference]))
    return None


def rate(measurement: Measurement) -> float | None:
    """Requests/s of a measurement."""
    return measurement.totals.requests_per_s if measurement.totals else None


def cost(measurement: Measurement) -> float | None:
    """CPU time of the server per request, us."""
    return measurement.server_cpu_us_per_request


def by_round(
    seen: list[JudgedMeasurement], figure: Callable[[Measurement], float | None]
) -> dict[int, float]:
    """A figure by round, where there is one."""
    rated = [m.measurement for m in seen if m.judgement.outcome in RATED]
    return {measurement.round: value for measurement in rated if (value := figure(measurement))}


def several(cells: Iterable[Cell]) -> list[str]:
    """The keys besides the framework in which cells differ: columns that a table needs."""
    groups = {cell_group(cell) for cell in cells}
    return [
        key for place, key in enumerate(CELL_GROUP) if len({group[place] for group in groups}) > 1
    ]


def labels(cells: Iterable[Cell]) -> Callable[[Cell], str]:
    """A function that names a cell by the keys in which cells differ: "depth 5, ..."."""
    keys = several(cells)

    def label(cell: Cell) -> str:
        words = [(key, getattr(cell, key)) for key in keys]
        return ", ".join(
            f"{value} {key}" if key in ("workers", "connections") else f"{key} {value}"
            for key, value in words
        )

    return label
