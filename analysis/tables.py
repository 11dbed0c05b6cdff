"""results.csv (a row a measurement) and summary.csv (a row a cell). docs/results.md describes both.

What was not measured is empty (NA), never 0. Rates stand only where the outcome is ok or
degraded, so that no failure is a 0 in an average.
"""

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

import pandas as pd

from analysis.facts import ERROR_KINDS, Facts
from analysis.judge import Judgement, Measurement
from analysis.limits import Limit
from analysis.records import Cell, Framework
from analysis.statistics import Estimate, estimate, noise_floor, ranks, ratios
from analysis.verdict import RATED, Outcome

Row = dict[str, Any]
Kind = Literal["string", "Int64", "Float64"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column, its pandas type, and for a Float64 the decimals it is rounded to."""

    name: str
    kind: Kind = "string"
    decimals: int = 0


def _integers(*names: str) -> list[Column]:
    return [Column(name, "Int64") for name in names]


def _floats(decimals: int, *names: str) -> list[Column]:
    return [Column(name, "Float64", decimals) for name in names]


CPU = "server_cpu_us_per_request"
CELL = ["testbed", "framework", "workers", "depth", "connections"]

RESULTS: list[Column] = [
    *map(Column, ("run_id", "testbed", "framework", "stack")),
    *_integers("workers", "depth", "connections", "threads", "round"),
    *map(Column, ("outcome", "reason", "limited_by")),
    *_integers("requests"),
    *_floats(6, "duration_s"),
    *_floats(2, "requests_per_s"),
    *_floats(1, "batch_latency_mean_us"),
    *_integers(*(f"batch_latency_{p}_us" for p in ("p50", "p75", "p90", "p99", "max"))),
    *_integers("bytes_read", *(f"{kind}_errors" for kind in ERROR_KINDS)),
    *_floats(4, "server_cpu_us_per_request", "server_cpu_cores"),
    *_integers("server_rss_peak_bytes"),
    *_floats(4, "generator_cpu_cores"),
    *_integers("batches", "batch_slack"),
    *_floats(4, "busy"),
    *_integers("position"),
    Column("record"),
]

SUMMARY: list[Column] = [
    *map(Column, ("run_id", "testbed", "framework", "stack")),
    *_integers("workers", "depth", "connections"),
    *map(Column, ("outcome", "reason", "limited_by")),
    *_integers("rounds"),
    *_floats(2, "requests_per_s", "requests_per_s_low", "requests_per_s_high"),
    *_floats(4, "relative", "relative_low", "relative_high", "share_of_ceiling"),
    *_floats(1, "batch_latency_p50_us", "batch_latency_p99_us"),
    *_floats(4, "server_cpu_us_per_request", "server_cpu_cores"),
    *_integers("server_rss_peak_bytes"),
    *_floats(4, "generator_cpu_cores"),
    *_integers("rounds_rated", "rounds_scheduled"),
    Column("role"),
    *_integers("rank"),
    Column("verdict"),
    *_floats(4, "noise_floor"),
    *_floats(4, "server_cpu_us_per_request_low", "server_cpu_us_per_request_high"),
    *_floats(4, "relative_cpu", "relative_cpu_low", "relative_cpu_high"),
    *_integers("rank_cpu"),
    Column("verdict_cpu"),
    *_floats(4, "noise_floor_cpu"),
]

LEAST_BATCHES_OF_P99 = 1000
"""Of fewer, less than ten are above it: it would be the tale of a handful."""

CELL_GROUP = ["testbed", "workers", "depth", "connections"]
"""Cells that differ in nothing but the framework: what `relative` compares."""


def _frame(rows: list[Row], columns: list[Column]) -> pd.DataFrame:
    """A frame with exactly these columns and types, floats rounded."""
    series = {}
    for column in columns:
        values = [row.get(column.name) for row in rows]
        if column.kind == "Float64":
            values = [None if value is None else round(value, column.decimals) for value in values]
        series[column.name] = pd.Series(values, dtype=column.kind)
    return pd.DataFrame(series)


def to_csv(frame: pd.DataFrame) -> str:
    """CSV text; an empty field is "not measured"."""
    return frame.to_csv(index=False, lineterminator="\n")


def results(judgement: Judgement) -> pd.DataFrame:
    """A row a measurement, in the order in which they were made; columns as RESULTS."""
    return _frame([_result(measurement) for measurement in judgement.measurements], RESULTS)


def _result(measurement: Measurement) -> Row:
    facts, verdict = measurement.facts, measurement.verdict
    row: Row = {
        "run_id": facts.run_id,
        **facts.cell._asdict(),
        "stack": facts.stack,
        "threads": facts.threads,
        "round": facts.round,
        "outcome": verdict.outcome.value,
        "reason": verdict.reason or None,
        "limited_by": measurement.limited_by and measurement.limited_by.value,
        "server_rss_peak_bytes": facts.server_rss_peak_bytes,
        "position": facts.position,
        "record": facts.file,
    }
    if verdict.outcome != Outcome.INVALID:
        row |= _counted(facts)
    if verdict.outcome in RATED:
        row |= _rated(facts)
    return row


def _counted(facts: Facts) -> Row:
    totals = facts.totals
    if totals is None:
        return {}
    return {
        "requests": totals.requests,
        "duration_s": totals.duration_s,
        "bytes_read": totals.bytes,
        **{f"{kind}_errors": count for kind, count in totals.errors.items()},
        "server_cpu_cores": facts.server_cpu_cores,
        "generator_cpu_cores": facts.generator_cpu_cores,
        "batches": totals.latency.batches if totals.latency else 0,
        "batch_slack": totals.slack(facts.cell.depth),
        "busy": totals.busy,
    }


def _rated(facts: Facts) -> Row:
    totals = facts.totals
    if totals is None:
        return {}
    latency = totals.latency
    names = ["mean_us", "p50_us", "p75_us", "p90_us", "max_us"]
    if latency and latency.batches >= LEAST_BATCHES_OF_P99:
        names.append("p99_us")
    return {
        "requests_per_s": totals.requests_per_s,
        **({f"batch_latency_{name}": getattr(latency, name) for name in names} if latency else {}),
        "server_cpu_us_per_request": facts.server_cpu_us_per_request,
    }


def summary(judgement: Judgement) -> pd.DataFrame:
    """A row a cell, scheduled or seen, columns as SUMMARY.

    Sorted by cell group, within it the fastest first, what has no rate after them, and last what
    is in no rank: the ceiling and the A/A control.
    """
    by_cell: dict[Cell, list[Measurement]] = {cell: [] for cell in judgement.run.cells}
    for measurement in judgement.measurements:
        by_cell.setdefault(measurement.facts.cell, []).append(measurement)
    scheduled = Counter(cell for cells in judgement.run.rounds for cell in cells)
    rows = [
        _summarise(judgement, cell, measurements, scheduled[cell])
        for cell, measurements in by_cell.items()
    ]
    _compare(judgement, rows, by_cell)
    rows.sort(
        key=lambda row: (
            *(row[key] for key in CELL_GROUP),
            row["role"] != "framework",
            -(row.get("requests_per_s") or 0),
            row["framework"],
        )
    )
    return _frame(rows, SUMMARY)


def _summarise(judgement: Judgement, cell: Cell, seen: list[Measurement], scheduled: int) -> Row:
    valid = [m for m in seen if m.verdict.outcome != Outcome.INVALID]
    rated = [_result(m) for m in valid if m.verdict.outcome in RATED]
    framework = judgement.run.frameworks.get(cell.framework)
    outcome, reason = _worst(valid, scheduled)
    row: Row = {
        "run_id": judgement.run.run_id,
        **cell._asdict(),
        "stack": seen[0].facts.stack if seen else framework and framework.stack,
        "outcome": outcome,
        "reason": reason,
        "limited_by": _limit(rated),
        "rounds": len(valid),
        "rounds_rated": len(rated),
        "rounds_scheduled": scheduled or None,
        "role": _role(framework),
        **_estimates("requests_per_s", estimate(_values(rated, "requests_per_s"))),
        **_estimates(CPU, estimate(_values(rated, CPU))),
    }
    # without the rounds of too few batches it would be that of the fast rounds alone
    if all(facts["batches"] >= LEAST_BATCHES_OF_P99 for facts in rated):
        found = estimate(_values(rated, "batch_latency_p99_us"))
        row["batch_latency_p99_us"] = found.median if found else None
    for column in (
        "batch_latency_p50_us",
        "server_cpu_cores",
        "generator_cpu_cores",
    ):
        found = estimate(_values(rated, column))
        row[column] = found.median if found else None
    peaks = [m.facts.server_rss_peak_bytes for m in valid]
    row["server_rss_peak_bytes"] = max((peak for peak in peaks if peak is not None), default=None)
    return row


def _values(rows: list[Row], column: str) -> list[float]:
    return [row[column] for row in rows if row.get(column) is not None]


def _estimates(name: str, found: Estimate | None) -> Row:
    low, high = f"{name}_low", f"{name}_high"
    return {name: found.median, low: found.low, high: found.high} if found else {}


def _worst(valid: list[Measurement], scheduled: int) -> tuple[str | None, str | None]:
    """The worst outcome of the rounds, and in how many of them for which reason."""
    if not valid:
        planned = f" of {scheduled}" if scheduled else ""
        return None, f"not measured: 0{planned} rounds have a result"
    order = list(Outcome)
    worst = max((m.verdict.outcome for m in valid), key=order.index)
    if worst == Outcome.OK:
        return worst.value, None
    those = [m.verdict for m in valid if m.verdict.outcome == worst]
    # figures differ from round to round: the rules that most rounds share, told by the first
    rules = Counter(verdict.rules for verdict in those).most_common(1)[0][0]
    told = next(verdict.reason for verdict in those if verdict.rules == rules)
    return worst.value, f"{len(those)} of {len(valid)} rounds: {told}"


def _limit(rated: list[Row]) -> str | None:
    """What limited more than half of the rounds."""
    if not rated:
        return None
    limit, rounds = Counter(str(row["limited_by"]) for row in rated).most_common(1)[0]
    return limit if rounds * 2 > len(rated) else Limit.UNKNOWN.value


def _role(framework: Framework | None) -> str:
    if framework is None:
        return "framework"
    return "control" if framework.control_of else framework.role


def _compare(judgement: Judgement, rows: list[Row], by_cell: dict[Cell, list[Measurement]]) -> None:
    """Fill what is said of each row against the others of its cell group."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in CELL_GROUP), []).append(row)
    for group in groups.values():
        measured = {row["framework"]: by_cell[Cell(*(row[key] for key in CELL))] for row in group}
        rates = {name: _by_round(seen, "requests_per_s") for name, seen in measured.items()}
        costs = {name: _by_round(seen, CPU) for name, seen in measured.items()}
        _relate(judgement, group, rates, RATE_COLUMNS)
        # what a second of CPU time serves: like a rate, more is better
        served = {
            name: {number: 1 / cost for number, cost in of.items() if cost}
            for name, of in costs.items()
        }
        _relate(judgement, group, served, CPU_COLUMNS)
        for row in group:
            ceilings = [other for other in group if other["role"] == "ceiling"]
            if ceilings and ceilings[0]["outcome"] in RATED:
                ceiling = rates[ceilings[0]["framework"]]
                found = estimate(ratios(rates[row["framework"]], ceiling))
                row["share_of_ceiling"] = found.median if found else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The columns of one comparison. inverse: `relative` is a cost, not what is served for it."""

    relative: str
    rank: str
    verdict: str
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


def _relate(
    judgement: Judgement,
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
    again = _again(judgement, group, values)
    floor = noise_floor(again)
    for row in group:
        row[columns.floor] = floor
        if row["role"] == "control" and again and again.holds_1 is not None:
            row[columns.verdict] = "tied" if again.holds_1 else "differs"
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
        row.update(_estimates(columns.relative, found))
    groups = ranks({row["framework"]: values[row["framework"]] for row in ok}, floor)
    alone = list(groups.values()).count(1) == 1
    for row in ok:
        row[columns.rank] = number = groups.get(row["framework"])
        if number is not None and len(groups) > 1:
            first = columns.best if alone else "tied"
            row[columns.verdict] = first if number == 1 else columns.worse


def _again(
    judgement: Judgement, group: list[Row], values: dict[str, dict[int, float]]
) -> Estimate | None:
    """The ratio of the reference under another name to itself; both must be ok."""
    outcomes = {row["framework"]: row["outcome"] for row in group}
    for name, outcome in outcomes.items():
        framework = judgement.run.frameworks.get(name)
        reference = framework.control_of if framework else None
        if reference and outcome == outcomes.get(reference) == Outcome.OK:
            return estimate(ratios(values[name], values[reference]))
    return None


def _by_round(seen: list[Measurement], column: str) -> dict[int, float]:
    """A figure by round, where there is one."""
    rows = [(m.facts.round, _result(m).get(column)) for m in seen if m.verdict.outcome in RATED]
    return {number: value for number, value in rows if value}
