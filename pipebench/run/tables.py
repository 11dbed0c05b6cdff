"""results.csv (a row a measurement) and summary.csv (a row a cell). docs/results.md describes both.

What was not measured is empty (NA), never 0. Rates stand only where the outcome is ok or
degraded, so that no failure is a 0 in an average.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from pipebench.measure.measurement import ERROR_KINDS, Measurement
from pipebench.record.run import Framework
from pipebench.record.schema import Cell
from pipebench.rules.bottleneck import Disturbance, LimitedBy
from pipebench.rules.outcome import RATED, Outcome
from pipebench.run.figures import CellSummary, Summarised, summarised
from pipebench.run.judge import JudgedMeasurement, JudgedRun
from pipebench.run.relations import cell_group, compare, cost, rate
from pipebench.stats.estimate import Estimate, estimate

SECONDS_AN_HOUR = 3600

Fields = dict[str, Any]
"""By column, what is about to be written."""
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
    *_floats(4, "server_other_cpu_cores"),
    *map(Column, ("limit", "noise")),
    *_floats(4, "steadiness"),
]


@dataclass(frozen=True, slots=True)
class CellColumn:
    """A column of summary.csv and what it is of a row."""

    column: Column
    of: Callable[[CellSummary], Any]


def _cell(name: str, of: Callable[[CellSummary], Any], kind: Kind = "string") -> CellColumn:
    return CellColumn(Column(name, kind), of)


def _float(name: str, decimals: int, of: Callable[[CellSummary], float | None]) -> CellColumn:
    return CellColumn(Column(name, "Float64", decimals), of)


SUMMARY: list[CellColumn] = [
    _cell("run_id", lambda row: row.run_id),
    _cell("testbed", lambda row: row.cell.testbed),
    _cell("framework", lambda row: row.cell.framework),
    _cell("stack", lambda row: row.stack),
    _cell("workers", lambda row: row.cell.workers, "Int64"),
    _cell("depth", lambda row: row.cell.depth, "Int64"),
    _cell("connections", lambda row: row.cell.connections, "Int64"),
    _cell("outcome", lambda row: row.outcome and row.outcome.value),
    _cell("reason", lambda row: row.reason),
    _cell("limited_by", lambda row: row.limited_by and row.limited_by.value),
    _cell("rounds", lambda row: row.rounds, "Int64"),
    _float("requests_per_s", 2, lambda row: row.requests_per_s.value),
    _float("requests_per_s_low", 2, lambda row: row.requests_per_s.low),
    _float("requests_per_s_high", 2, lambda row: row.requests_per_s.high),
    _float("relative", 4, lambda row: row.requests_per_s.relative.value),
    _float("relative_low", 4, lambda row: row.requests_per_s.relative.low),
    _float("relative_high", 4, lambda row: row.requests_per_s.relative.high),
    _float("share_of_ceiling", 4, lambda row: row.share_of_ceiling),
    _float("batch_latency_p50_us", 1, lambda row: row.batch_latency_p50_us.value),
    _float("batch_latency_p99_us", 1, lambda row: row.batch_latency_p99_us.value),
    _float(CPU, 4, lambda row: row.server_cpu_us_per_request.value),
    _float("server_cpu_cores", 4, lambda row: row.server_cpu_cores.value),
    _cell("server_rss_peak_bytes", lambda row: row.server_rss_peak_bytes.value, "Int64"),
    _float("generator_cpu_cores", 4, lambda row: row.generator_cpu_cores.value),
    _cell("rounds_rated", lambda row: row.rounds_rated, "Int64"),
    _cell("rounds_scheduled", lambda row: row.rounds_scheduled, "Int64"),
    _cell("role", lambda row: row.role),
    _cell("rank", lambda row: row.requests_per_s.rank, "Int64"),
    _cell("verdict", lambda row: row.requests_per_s.verdict),
    _float("noise_floor", 4, lambda row: row.requests_per_s.noise_floor),
    _float(f"{CPU}_low", 4, lambda row: row.server_cpu_us_per_request.low),
    _float(f"{CPU}_high", 4, lambda row: row.server_cpu_us_per_request.high),
    _float("relative_cpu", 4, lambda row: row.server_cpu_us_per_request.relative.value),
    _float("relative_cpu_low", 4, lambda row: row.server_cpu_us_per_request.relative.low),
    _float("relative_cpu_high", 4, lambda row: row.server_cpu_us_per_request.relative.high),
    _cell("rank_cpu", lambda row: row.server_cpu_us_per_request.rank, "Int64"),
    _cell("verdict_cpu", lambda row: row.server_cpu_us_per_request.verdict),
    _float("noise_floor_cpu", 4, lambda row: row.server_cpu_us_per_request.noise_floor),
    _cell("limit", lambda row: row.limit),
    _cell("noise", lambda row: row.disturbances),
    _float("price_per_hour", 6, lambda row: row.price.per_hour if row.price else None),
    _cell("currency", lambda row: row.price and row.price.currency),
    _float("requests_per_money", 0, lambda row: row.requests_per_money.value),
    _float("requests_per_s_per_core", 2, lambda row: row.requests_per_s_per_core.value),
]

LEAST_BATCHES_OF_P99 = 1000
"""Of fewer, less than ten are above it: it would be the tale of a handful."""


def frame(rows: list[Fields], columns: list[Column]) -> pd.DataFrame:
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


def results(judged_run: JudgedRun) -> pd.DataFrame:
    """A row a measurement, in the order in which they were made; columns as RESULTS."""
    return frame([_result(judged) for judged in judged_run.measurements], RESULTS)


def value_of(judged: JudgedMeasurement, column: str) -> Any:
    """What a column of results.csv is of one measurement; None: not measured."""
    return _result(judged).get(column)


def _result(judged: JudgedMeasurement) -> Fields:
    measurement, judgement = judged.measurement, judged.judgement
    row: Fields = {
        "run_id": measurement.run_id,
        **measurement.cell._asdict(),
        "stack": measurement.stack,
        "threads": measurement.threads,
        "round": measurement.round,
        "outcome": judgement.outcome.value,
        "reason": judgement.reason or None,
        "limited_by": judged.limited_by and judged.limited_by.value,
        "server_rss_peak_bytes": measurement.server_rss_peak_bytes,
        "position": measurement.position,
        "record": measurement.file,
        **_found(judged),
    }
    if judgement.outcome != Outcome.INVALID:
        row |= _counted(measurement)
    if judgement.outcome in RATED:
        row |= _rated(measurement)
    return row


def _found(judged: JudgedMeasurement) -> Fields:
    """The limit's sentence, and what disturbed the measurement."""
    bottleneck, usage = judged.bottleneck, judged.measurement.server_usage
    if bottleneck is None:
        return {}
    return {
        "server_other_cpu_cores": usage and usage.other_cores,
        "limit": bottleneck.sentence,
        "noise": judged.disturbances,
    }


def _counted(measurement: Measurement) -> Fields:
    totals = measurement.totals
    if totals is None:
        return {}
    return {
        "requests": totals.requests,
        "duration_s": totals.duration_s,
        "bytes_read": totals.bytes,
        **{f"{kind}_errors": count for kind, count in totals.errors.items()},
        "server_cpu_cores": measurement.server_cpu_cores,
        "generator_cpu_cores": measurement.generator_cpu_cores,
        "batches": totals.latency.batches if totals.latency else 0,
        "batch_slack": totals.slack(measurement.cell.depth),
        "busy": totals.busy,
    }


def _rated(measurement: Measurement) -> Fields:
    totals = measurement.totals
    if totals is None:
        return {}
    latency = totals.latency
    names = ["mean_us", "p50_us", "p75_us", "p90_us", "max_us"]
    if latency and latency.batches >= LEAST_BATCHES_OF_P99:
        names.append("p99_us")
    return {
        "requests_per_s": totals.requests_per_s,
        **({f"batch_latency_{name}": getattr(latency, name) for name in names} if latency else {}),
        "server_cpu_us_per_request": measurement.server_cpu_us_per_request,
        "steadiness": measurement.steadiness,
    }


def summary(judged_run: JudgedRun) -> list[CellSummary]:
    """A row a cell, scheduled or seen, with its figures as the tables show them.

    Sorted by cell group, within it the fastest first, what has no rate after them, and last what
    is in no rank: the ceiling and the A/A control.
    """
    by_cell = judged_run.by_cell
    scheduled = Counter(cell for cells in judged_run.run.rounds for cell in cells)
    rows = [
        _summarise(judged_run, cell, measurements, scheduled[cell])
        for cell, measurements in by_cell.items()
    ]
    compare(judged_run.run.frameworks, rows, by_cell)
    rows.sort(
        key=lambda row: (
            cell_group(row.cell),
            row.role != "framework",
            -(row.requests_per_s.value or 0),
            row.cell.framework,
        )
    )
    disturbed = [row for row in rows if row.disturbances]
    for number, row in enumerate(disturbed, start=1):
        row.mark = f"[{number}]"
    return [_rounded(row) for row in rows]


def _rounded(row: CellSummary) -> CellSummary:
    ceiling = row.share_of_ceiling
    return replace(
        row,
        requests_per_s=row.requests_per_s.rounded(2),
        share_of_ceiling=None if ceiling is None else round(ceiling, 4),
        batch_latency_p50_us=row.batch_latency_p50_us.rounded(1),
        batch_latency_p99_us=row.batch_latency_p99_us.rounded(1),
        server_cpu_us_per_request=row.server_cpu_us_per_request.rounded(4),
        server_cpu_cores=row.server_cpu_cores.rounded(4),
        generator_cpu_cores=row.generator_cpu_cores.rounded(4),
        requests_per_money=row.requests_per_money.rounded(0),
        requests_per_s_per_core=row.requests_per_s_per_core.rounded(2),
    )


def summary_csv(rows: list[CellSummary]) -> str:
    """summary.csv."""
    fields = [{one.column.name: one.of(row) for one in SUMMARY} for row in rows]
    return to_csv(frame(fields, [one.column for one in SUMMARY]))


def _summarise(
    judged_run: JudgedRun, cell: Cell, seen: list[JudgedMeasurement], scheduled: int
) -> CellSummary:
    valid = [m for m in seen if m.judgement.outcome != Outcome.INVALID]
    rated = [m for m in valid if m.judgement.outcome in RATED]
    framework = judged_run.run.frameworks.get(cell.framework)
    stack = framework.stack if framework else None
    outcome, reason = _worst(valid, scheduled)
    row = CellSummary(
        run_id=judged_run.run.run_id,
        cell=cell,
        stack=seen[0].measurement.stack if seen else stack,
        title=framework.title if framework else cell.framework,
        role=_role(framework),
        outcome=outcome,
        reason=reason,
        limited_by=_limit(rated),
        limit=_limit_sentence(rated),
        disturbances=_disturbances(valid),
        rounds=len(valid),
        rounds_rated=len(rated),
        rounds_scheduled=scheduled or None,
        requests_per_s=summarised(_over_rounds(rated, rate)),
        batch_latency_p50_us=_median(rated, _p50),
        server_cpu_us_per_request=summarised(_over_rounds(rated, cost)),
        server_cpu_cores=_median(rated, lambda measurement: measurement.server_cpu_cores),
        generator_cpu_cores=_median(rated, lambda measurement: measurement.generator_cpu_cores),
    )
    # without the rounds of too few batches it would be that of the fast rounds alone
    if all(_p99(one.measurement) is not None for one in rated):
        row.batch_latency_p99_us = _median(rated, _p99)
    peaks = [m.measurement.server_rss_peak_bytes for m in valid]
    row.server_rss_peak_bytes.value = max((p for p in peaks if p is not None), default=None)
    fill_cost(judged_run, row, valid)
    return row


def _over_rounds(
    rated: list[JudgedMeasurement], figure: Callable[[Measurement], float | None]
) -> Estimate | None:
    return estimate([v for one in rated if (v := figure(one.measurement)) is not None])


def _median(
    rated: list[JudgedMeasurement], figure: Callable[[Measurement], float | None]
) -> Summarised:
    found = _over_rounds(rated, figure)
    return Summarised(found.median if found else None)


def _p50(measurement: Measurement) -> float | None:
    latency = measurement.totals.latency if measurement.totals else None
    return latency.p50_us if latency else None


def _p99(measurement: Measurement) -> float | None:
    latency = measurement.totals.latency if measurement.totals else None
    return latency.p99_us if latency and latency.batches >= LEAST_BATCHES_OF_P99 else None


def _worst(valid: list[JudgedMeasurement], scheduled: int) -> tuple[Outcome | None, str | None]:
    """The worst outcome of the rounds, and in how many of them for which reason."""
    if not valid:
        planned = f" of {scheduled}" if scheduled else ""
        return None, f"not measured: 0{planned} rounds have a result"
    order = list(Outcome)
    worst = max((m.judgement.outcome for m in valid), key=order.index)
    if worst == Outcome.OK:
        return worst, None
    those = [m.judgement for m in valid if m.judgement.outcome == worst]
    # figures differ from round to round: the rules that most rounds share, told by the first
    rules = Counter(judgement.rules for judgement in those).most_common(1)[0][0]
    reason = next(judgement.reason for judgement in those if judgement.rules == rules)
    return worst, f"{len(those)} of {len(valid)} rounds: {reason}"


def _limits(rated: list[JudgedMeasurement]) -> Counter[LimitedBy]:
    return Counter(one.limited_by for one in rated if one.limited_by)


def _limit(rated: list[JudgedMeasurement]) -> LimitedBy | None:
    """What limited more than half of the rounds."""
    if not rated:
        return None
    limit, rounds = _limits(rated).most_common(1)[0]
    return limit if rounds * 2 > len(rated) else LimitedBy.UNKNOWN


def _role(framework: Framework | None) -> str:
    if framework is None:
        return "framework"
    return "control" if framework.control_of else framework.role


def _limit_sentence(rated: list[JudgedMeasurement]) -> str | None:
    """The sentence of the first round that was limited by what limited most."""
    limit = _limit(rated)
    sentences = (
        one.bottleneck.sentence for one in rated if one.bottleneck and one.limited_by == limit
    )
    sentence = next(sentences, None)
    if rated and sentence is None:
        counts = ", ".join(f"{n} {name}" for name, n in _limits(rated).most_common())
        sentence = f"the rounds differ: {counts}"
    return sentence


def _disturbances(valid: list[JudgedMeasurement]) -> str | None:
    """What disturbed how many of the rounds, each told by the round it was greatest in."""
    by_name: dict[str, list[Disturbance]] = {}
    for judged in valid:
        for disturbance in judged.bottleneck.disturbances if judged.bottleneck else ():
            by_name.setdefault(disturbance.name, []).append(disturbance)
    rounds = sum(judged.bottleneck is not None for judged in valid)
    sentences = [
        max(same, key=lambda disturbance: disturbance.size).sentence
        + (f" (the most; {len(same)} of {rounds} rounds)" if rounds > 1 else "")
        for same in by_name.values()
    ]
    return "; ".join(sentences) or None


def fill_cost(judged_run: JudgedRun, row: CellSummary, seen: list[JudgedMeasurement]) -> None:
    """Give a cell its cost; nothing if its server's host has no price."""
    host = judged_run.server_of(row.cell.testbed)
    price = judged_run.prices.hosts.get(host) if host else None
    if price is None:
        return
    row.price = price
    rate_of_cell = row.requests_per_s.value
    if rate_of_cell is None:
        return
    row.requests_per_money.value = rate_of_cell * SECONDS_AN_HOUR / price.per_hour
    cpus = cpus_of(seen)
    row.requests_per_s_per_core.value = rate_of_cell / cpus if cpus else None


def cpus_of(seen: list[JudgedMeasurement]) -> int | None:
    """CPUs of the server's host that its unit may use; they do not change in a run."""
    return next((one.measurement.server_cpus for one in seen if one.measurement.server_cpus), None)
