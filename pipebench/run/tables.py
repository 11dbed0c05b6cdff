"""results.csv (a row a measurement) and summary.csv (a row a cell). docs/results.md describes both.

What was not measured is empty (NA), never 0. Rates stand only where the outcome is ok or
degraded, so that no failure is a 0 in an average.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from pipebench.chapters import cost
from pipebench.measure.measurement import ERROR_KINDS, Measurement
from pipebench.record.run import Framework
from pipebench.record.schema import Cell
from pipebench.rules.bottleneck import Disturbance, LimitedBy
from pipebench.rules.outcome import RATED, Outcome
from pipebench.run.judge import JudgedMeasurement, JudgedRun
from pipebench.run.relations import CELL_GROUP, Row, compare, estimates
from pipebench.show import formats
from pipebench.stats.estimate import estimate

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
    *map(Column, ("limit", "noise")),
    *_floats(6, "price_per_hour"),
    Column("currency"),
    *_floats(0, "requests_per_money"),
    *_floats(2, "requests_per_s_per_core"),
]

LEAST_BATCHES_OF_P99 = 1000
"""Of fewer, less than ten are above it: it would be the tale of a handful."""


def frame(rows: list[Row], columns: list[Column]) -> pd.DataFrame:
    """A frame with exactly these columns and types, floats rounded."""
    series = {}
    for column in columns:
        values = [row.get(column.name) for row in rows]
        if column.kind == "Float64":
            values = [None if value is None else round(value, column.decimals) for value in values]
        series[column.name] = pd.Series(values, dtype=column.kind)
    return pd.DataFrame(series)


def rows(frame: pd.DataFrame) -> list[Row]:
    """A table's rows by column, with None for NA."""
    return [
        {str(key): None if formats.missing(value) else value for key, value in record.items()}
        for record in frame.to_dict(orient="records")
    ]


def to_csv(frame: pd.DataFrame) -> str:
    """CSV text; an empty field is "not measured"."""
    return frame.to_csv(index=False, lineterminator="\n")


def results(judged_run: JudgedRun) -> pd.DataFrame:
    """A row a measurement, in the order in which they were made; columns as RESULTS."""
    return frame([_result(judged) for judged in judged_run.measurements], RESULTS)


def _result(judged: JudgedMeasurement) -> Row:
    measurement, judgement = judged.measurement, judged.judgement
    row: Row = {
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


def _found(judged: JudgedMeasurement) -> Row:
    """The limit's sentence, and what disturbed the measurement."""
    bottleneck, usage = judged.bottleneck, judged.measurement.server_usage
    if bottleneck is None:
        return {}
    return {
        "server_other_cpu_cores": usage and usage.other_cores,
        "limit": bottleneck.sentence,
        "noise": "; ".join(disturbances.sentence for disturbances in bottleneck.disturbances)
        or None,
    }


def _counted(measurement: Measurement) -> Row:
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


def _rated(measurement: Measurement) -> Row:
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


def summary(judged_run: JudgedRun) -> pd.DataFrame:
    """A row a cell, scheduled or seen, columns as SUMMARY.

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
            *(row[key] for key in CELL_GROUP),
            row["role"] != "framework",
            -(row.get("requests_per_s") or 0),
            row["framework"],
        )
    )
    return frame(rows, SUMMARY)


def _summarise(
    judged_run: JudgedRun, cell: Cell, seen: list[JudgedMeasurement], scheduled: int
) -> Row:
    valid = [m for m in seen if m.judgement.outcome != Outcome.INVALID]
    rated = [_result(m) for m in valid if m.judgement.outcome in RATED]
    framework = judged_run.run.frameworks.get(cell.framework)
    outcome, reason = _worst(valid, scheduled)
    row: Row = {
        "run_id": judged_run.run.run_id,
        **cell._asdict(),
        "stack": seen[0].measurement.stack if seen else framework and framework.stack,
        "outcome": outcome,
        "reason": reason,
        "limited_by": _limit(rated),
        "limit": _limit_sentence(rated),
        "noise": _noise(valid),
        "rounds": len(valid),
        "rounds_rated": len(rated),
        "rounds_scheduled": scheduled or None,
        "role": _role(framework),
        **estimates("requests_per_s", estimate(_values(rated, "requests_per_s"))),
        **estimates(CPU, estimate(_values(rated, CPU))),
    }
    # without the rounds of too few batches it would be that of the fast rounds alone
    if all(measurement["batches"] >= LEAST_BATCHES_OF_P99 for measurement in rated):
        found = estimate(_values(rated, "batch_latency_p99_us"))
        row["batch_latency_p99_us"] = found.median if found else None
    for column in (
        "batch_latency_p50_us",
        "server_cpu_cores",
        "generator_cpu_cores",
    ):
        found = estimate(_values(rated, column))
        row[column] = found.median if found else None
    peaks = [m.measurement.server_rss_peak_bytes for m in valid]
    row["server_rss_peak_bytes"] = max((peak for peak in peaks if peak is not None), default=None)
    cost.fill(judged_run, row, valid)
    return row


def _values(rows: list[Row], column: str) -> list[float]:
    return [row[column] for row in rows if row.get(column) is not None]


def _worst(valid: list[JudgedMeasurement], scheduled: int) -> tuple[str | None, str | None]:
    """The worst outcome of the rounds, and in how many of them for which reason."""
    if not valid:
        planned = f" of {scheduled}" if scheduled else ""
        return None, f"not measured: 0{planned} rounds have a result"
    order = list(Outcome)
    worst = max((m.judgement.outcome for m in valid), key=order.index)
    if worst == Outcome.OK:
        return worst.value, None
    those = [m.judgement for m in valid if m.judgement.outcome == worst]
    # figures differ from round to round: the rules that most rounds share, told by the first
    rules = Counter(judgement.rules for judgement in those).most_common(1)[0][0]
    told = next(judgement.reason for judgement in those if judgement.rules == rules)
    return worst.value, f"{len(those)} of {len(valid)} rounds: {told}"


def _limit(rated: list[Row]) -> str | None:
    """What limited more than half of the rounds."""
    if not rated:
        return None
    limit, rounds = Counter(str(row["limited_by"]) for row in rated).most_common(1)[0]
    return limit if rounds * 2 > len(rated) else LimitedBy.UNKNOWN.value


def _role(framework: Framework | None) -> str:
    if framework is None:
        return "framework"
    return "control" if framework.control_of else framework.role


def _limit_sentence(rated: list[Row]) -> str | None:
    """The sentence of the first round that was limited by what limited most."""
    limit = _limit(rated)
    told = next((row["limit"] for row in rated if row["limited_by"] == limit), None)
    if rated and told is None:
        counts = Counter(str(row["limited_by"]) for row in rated)
        told = "the rounds differ: " + ", ".join(f"{n} {name}" for name, n in counts.most_common())
    return told


def _noise(valid: list[JudgedMeasurement]) -> str | None:
    """What disturbed how many of the rounds, each told by the round it was greatest in."""
    found: dict[str, list[Disturbance]] = {}
    for judged in valid:
        for disturbances in judged.bottleneck.disturbances if judged.bottleneck else ():
            found.setdefault(disturbances.name, []).append(disturbances)
    rounds = sum(judged.bottleneck is not None for judged in valid)
    told = [
        f"{max(same, key=lambda disturbances: disturbances.size).sentence}"
        + (f" (the most; {len(same)} of {rounds} rounds)" if rounds > 1 else "")
        for same in found.values()
    ]
    return "; ".join(told) or None
