"""What summary.csv says of each cell against the others of its group: ratios, ties, ranks.

docs/method.md says how it is compared, statistics.py does the arithmetic.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from pipebench.measure.measurement import Measurement
from pipebench.record.run import Framework
from pipebench.record.schema import Cell
from pipebench.rules.outcome import RATED, Outcome
from pipebench.run.judge import JudgedMeasurement
from pipebench.stats.estimate import Estimate, estimate, noise_floor, ranks, ratios

Row = dict[str, Any]

CELL = list(Cell._fields)
CELL_GROUP = ["testbed", "workers", "depth", "connections"]
"""Cells that differ in nothing but the framework: what `relative` compares."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The columns of one comparison. inverse: `relative` is a cost, not what is served for it."""

    relative: str
    rank: str
    judgement: str
    floor: str
    best: str
    worse: str
    inverse: bool


RATE_COLUMNS = Comparison(
    "relative", "rank", "verdict", "noise_floor", "fastest", "slower", inverse=False
)
CPU_COLUMNS = Comparison(
    "relative_cpu", "rank_cpu", "verdict_cpu", "noise_floor_cpu", "cheapest", "dearer", inverse=True
)


def compare(
    frameworks: dict[str, Framework], rows: list[Row], by_cell: dict[Cell, list[JudgedMeasurement]]
) -> None:
    """Fill what is said of each row against the others of its cell group."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in CELL_GROUP), []).append(row)
    for group in groups.values():
        measured = {row["framework"]: by_cell[Cell(*(row[key] for key in CELL))] for row in group}
        rates = {name: by_round(seen, rate) for name, seen in measured.items()}
        costs = {name: by_round(seen, cost) for name, seen in measured.items()}
        _relate(frameworks, group, rates, RATE_COLUMNS)
        # what a second of CPU time serves: like a rate, more is better
        served = {
            name: {number: 1 / spent for number, spent in of.items() if spent}
            for name, of in costs.items()
        }
        _relate(frameworks, group, served, CPU_COLUMNS)
        for row in group:
            ceilings = [other for other in group if other["role"] == "ceiling"]
            if ceilings and ceilings[0]["outcome"] in RATED:
                ceiling = rates[ceilings[0]["framework"]]
                found = estimate(ratios(rates[row["framework"]], ceiling))
                row["share_of_ceiling"] = found.median if found else None


def _relate(
    frameworks: dict[str, Framework],
    group: list[Row],
    values: dict[str, dict[int, float]],
    columns: Comparison,
) -> None:
    """Compare one figure in a cell group. values: by framework and round, more is better."""
    ok = [
        row
        for row in group
        if row["role"] == "framework" and row["outcome"] == Outcome.OK and values[row["framework"]]
    ]
    again = _again(frameworks, group, values)
    floor = noise_floor(again)
    for row in group:
        row[columns.floor] = floor
        if row["role"] == "control" and again and again.holds_1 is not None:
            row[columns.judgement] = "tied" if again.holds_1 else "differs"
    if not ok:
        return
    best = max(ok, key=lambda row: (median(values[row["framework"]].values()), row["framework"]))
    base = values[best["framework"]]
    for row in group:
        if row is best:  # 1 by definition: there is nothing to be unsure of
            row[columns.relative] = 1.0
            continue
        own = values[row["framework"]]
        found = estimate(ratios(base, own) if columns.inverse else ratios(own, base))
        row.update(estimates(columns.relative, found))
    groups = ranks({row["framework"]: values[row["framework"]] for row in ok}, floor)
    alone = list(groups.values()).count(1) == 1
    for row in ok:
        row[columns.rank] = number = groups.get(row["framework"])
        if number is not None and len(groups) > 1:
            first = columns.best if alone else "tied"
            row[columns.judgement] = first if number == 1 else columns.worse


def _again(
    frameworks: dict[str, Framework], group: list[Row], values: dict[str, dict[int, float]]
) -> Estimate | None:
    """The ratio of the reference under another name to itself; both must be ok."""
    outcomes = {row["framework"]: row["outcome"] for row in group}
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


def estimates(name: str, found: Estimate | None) -> Row:
    """Columns of a median and its interval."""
    low, high = f"{name}_low", f"{name}_high"
    return {name: found.median, low: found.low, high: found.high} if found else {}


def several(rows: list[Row]) -> list[str]:
    """The keys besides the framework in which the cells differ: columns that a table needs."""
    return [key for key in CELL_GROUP if len({row[key] for row in rows}) > 1]


def labels(rows: list[Row]) -> Callable[[Row], str]:
    """A function that names a row's cell by the keys in which cells differ: "depth 5, ..."."""
    keys = several(rows)

    def label(row: Row) -> str:
        return ", ".join(
            f"{row[key]} {key}" if key in ("workers", "connections") else f"{key} {row[key]}"
            for key in keys
        )

    return label
