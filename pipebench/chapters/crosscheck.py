"""h2load beside wrk: whether another generator finds the same, and latency at a constant rate.

Both keep connections x depth requests under way. Little's law says of either that what is under
way is throughput times the mean time spent, so the mean latency of a request under h2load, whose
window slides, is that of a batch under wrk, if the throughput is the same. docs/method.md.
"""

import json
import math
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from pipebench.measure.latency import Latency, summarise
from pipebench.measure.measurement import Measurement
from pipebench.measure.window import WindowError, increase
from pipebench.record.schema import Cell, Integers, InvalidRecord, RecordError, Run, parse_record
from pipebench.run.columns import Column, Value, spread_columns
from pipebench.stats.estimate import NONE, Spread, estimate, ratios, spread

FOLDER = "crosscheck"
EDGE = 0.1
"""Share of a constant-rate run at either end in which connections still begin, or end already."""
ACHIEVED = 0.99
"""Share of the wanted rate that must be answered for the latency to be that at this rate."""


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution of h2load in its measured window. seconds: as it was told to run."""

    seconds: float
    started: float
    ended: float
    responses: int
    statuses: dict[str, int]
    failed: int
    values: Integers
    counts: Integers
    sent: Integers
    answered: Integers
    slot_us: int
    settle_us: int

    @property
    def latency(self) -> Latency | None:
        return summarise([(self.values, self.counts)]) if len(self.values) else None


@dataclass(frozen=True, slots=True)
class Check:
    """One record of crosscheck/. round: None at a constant rate; problem: why it has no figures."""

    file: str
    cell: Cell
    round: int | None
    rate: float | None
    ended: datetime | None
    warmup_s: float
    execution: Execution | None
    server_cpu_us: float | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Checks:
    """All records of crosscheck/: those that can be read, and the others."""

    checks: list[Check] = field(default_factory=list)
    invalid: list[InvalidRecord] = field(default_factory=list)

    def spent_s(self, warmup: float, duration: float) -> float:
        """Time in warm-up and measuring, as far as it was planned."""
        return math.fsum(
            min(check.warmup_s, warmup)
            + (
                min(check.execution.ended - check.execution.started, duration)
                if check.execution
                else 0
            )
            for check in self.checks
        )


def read_checks(run: Run) -> Checks:
    """Every record of crosscheck/; none in a run without one."""
    found = Checks()
    for path in sorted((run.folder / FOLDER).glob("*.json")):
        if path.name.startswith("."):  # being written just now
            continue
        name = f"{FOLDER}/{path.name}"
        try:
            document = json.loads(path.read_bytes())
            if not isinstance(document, dict) or document.get("run_id") != run.run_id:
                raise RecordError("it is no record of this run")  # noqa: TRY301
            found.checks.append(parse_check(document, name))
        except RecordError as error:
            found.invalid.append(InvalidRecord(name, str(error)))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            found.invalid.append(InvalidRecord(name, f"it cannot be read as a record ({error!r})"))
    return found


def parse_check(document: dict[str, Any], file: str) -> Check:
    """One record. RecordError: the part that it shares with a measurement cannot be used."""
    number = document.get("round")
    common = parse_record({**document, "generators": [], "round": number or 1}, file)
    generator = (document.get("generators") or [{}])[0]
    execution, problem = None, None
    warmup = generator.get("warmup") or {}
    if generator.get("measured"):
        execution = parse_execution(generator["measured"])
        problem = problem_of(generator["measured"], execution)
    else:
        rateless = number is None and not document.get("rate")
        said = ["wrk found no rate to take a share of" if rateless else None]
        said += [generator.get("ready_error"), common.server.ready_error if common.server else None]
        problem = next(filter(None, said), "h2load did not run")
    cpu = None
    if execution and common.server:
        try:
            samples = common.server.samples
            cpu = increase(samples, "unit_cpu_us", execution.started, execution.ended)
        except WindowError as error:
            raise RecordError(str(error)) from error
    return Check(
        file=file,
        cell=common.cell,
        round=number,
        rate=document.get("rate"),
        ended=common.ended,
        warmup_s=warmup.get("ended", 0.0) - warmup.get("started", 0.0),
        execution=execution,
        server_cpu_us=cpu,
        problem=common.harness_fault or problem,
    )


def parse_execution(measured: dict[str, Any]) -> Execution:
    """H2LOAD of docs/architecture.md."""
    result = measured["result"] or {}
    pairs = np.array(result.get("histogram") or np.empty((0, 2)), dtype=np.int64).reshape(-1, 2)
    done = counted(measured["stdout"])
    return Execution(
        seconds=seconds_of(measured["argv"]) or measured["ended"] - measured["started"],
        started=measured["started"],
        ended=measured["ended"],
        responses=int(result.get("responses", 0)),
        statuses=dict(result.get("statuses", {})),
        failed=done.get("failed", 0),
        values=pairs[:, 0],
        counts=pairs[:, 1],
        sent=np.array(result.get("sent", []), dtype=np.int64),
        answered=np.array(result.get("answered", []), dtype=np.int64),
        slot_us=int(result.get("slot_us", 0)),
        settle_us=int(result.get("settle_us", 0)),
    )


def seconds_of(argv: list[str]) -> float | None:
    """What h2load was given by -D; None where it was given a number of requests."""
    given = [word[2:] for word in argv if re.fullmatch(r"-D\d+", word)]
    return float(given[0]) if given else None


def counted(text: str) -> dict[str, int]:
    """The line `requests:` of what h2load prints, by its words; nothing where there is none."""
    line = re.search(r"^requests: (.*)$", text, flags=re.MULTILINE)
    pairs = re.findall(r"(\d+) (\w+)", line[1]) if line else []
    return {word: int(number) for number, word in pairs}


def problem_of(measured: dict[str, Any], execution: Execution) -> str | None:
    """Why the figures of an execution cannot be compared, or None."""
    if measured["exit_status"] == -9:
        return "h2load had to be ended: it waited for answers"
    if measured["exit_status"] != 0:
        return f"h2load ended with status {measured['exit_status']}"
    if not execution.responses:
        return "h2load got no answer"
    if execution.failed:
        return f"h2load counted {execution.failed} failed requests"
    done = counted(measured["stdout"]).get("done")
    if done != execution.responses:
        return f"h2load counted {done} responses, its log has {execution.responses}"
    others = sum(n for status, n in execution.statuses.items() if status != "200")
    return f"{others} responses had another status than 200" if others else None


def achieved(execution: Execution) -> float | None:
    """Answers per second of a constant-rate run, without its two ends."""
    slots = len(execution.answered)
    edge = int(slots * EDGE)
    inner = execution.answered[edge : slots - edge]
    if not len(inner) or not execution.slot_us:
        return None
    return float(inner.sum()) / (len(inner) * execution.slot_us / 1e6)


def send_lag_us(execution: Execution, rate: float) -> float | None:
    """How much later than at its best moment the sender ever was: what the latency does not hold.

    Counted between the beginning of the connections and their end, in slots; a slot of jitter is
    in it by design.
    """
    if not execution.slot_us:
        return None
    slots = np.arange(1, len(execution.sent) + 1)
    lag = slots * execution.slot_us - np.cumsum(execution.sent) / rate * 1e6
    inner = lag[execution.settle_us // execution.slot_us : int(len(slots) * (1 - EDGE))]
    return float(inner.max() - inner.min()) if len(inner) else None


@dataclass(frozen=True, slots=True)
class Pair:
    """One cell in one round, with either generator."""

    wrk: Measurement
    h2load: Check


@dataclass(frozen=True, slots=True)
class Latencies:
    """Medians over the rounds, in us."""

    mean_us: float | None = None
    p50_us: float | None = None
    p99_us: float | None = None


NO_LATENCIES = Latencies()


@dataclass(frozen=True, slots=True)
class Rates:
    """What the constant-rate run of a cell says; latency only if the rate was kept."""

    wanted_per_s: float | None = None
    achieved_per_s: float | None = None
    send_lag_max_us: float | None = None
    latency: Latency | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """Medians of either tool over the rounds, and ratios of h2load's to wrk's within the round.

    wrk_latency, h2load_latency: mean, p50 and p99 in us, of a batch and of a request.
    under_way: throughput x mean latency by connections x depth.
    """

    rounds: int = 0
    wrk_requests_per_s: float | None = None
    h2load_requests_per_s: float | None = None
    throughput_ratio: Spread = NONE
    wrk_latency: Latencies = NO_LATENCIES
    h2load_latency: Latencies = NO_LATENCIES
    latency_ratio: Spread = NONE
    wrk_under_way: float | None = None
    h2load_under_way: float | None = None
    little_ratio: Spread = NONE
    server_cpu_ratio: Spread = NONE


@dataclass(frozen=True, slots=True)
class CheckedCell:
    """A row of crosscheck.csv: one cell with both tools. None is "not measured" everywhere."""

    cell: Cell
    closed: Closed
    constant: Rates
    problem: str | None


def rows(wrk: Iterable[Measurement], checks: Checks) -> list[CheckedCell]:
    """One row a cell that was cross-checked.

    wrk: those measurements whose rates stand.
    """
    rated = {(measurement.cell, measurement.round): measurement for measurement in wrk}
    cells = list(dict.fromkeys(check.cell for check in checks.checks))
    return [row_of(cell, checks.checks, rated) for cell in sorted(cells)]


def row_of(
    cell: Cell, checks: list[Check], rated: dict[tuple[Cell, int], Measurement]
) -> CheckedCell:
    own = [check for check in checks if check.cell == cell]
    pairs = {
        check.round: Pair(rated[cell, check.round], check)
        for check in own
        if check.round and not check.problem and (cell, check.round) in rated
    }
    constant = next((check for check in own if check.round is None), None)
    problems = [f"{check.file}: {check.problem}" for check in own if check.problem]
    return CheckedCell(
        cell=cell,
        closed=closed_figures(cell, pairs),
        constant=constant_figures(constant),
        problem="; ".join(problems) or None,
    )


def closed_figures(cell: Cell, pairs: dict[int, Pair]) -> Closed:
    """Medians of either generator, and the ratios of h2load's to wrk's in the same round."""
    x_wrk: dict[int, float] = {}
    x_h2: dict[int, float] = {}
    latency_wrk: dict[int, Latency] = {}
    latency_h2: dict[int, Latency] = {}
    cpu_wrk: dict[int, float] = {}
    cpu_h2: dict[int, float] = {}
    for number, pair in pairs.items():
        totals, execution = pair.wrk.totals, pair.h2load.execution
        if totals is None or execution is None:
            continue
        x_wrk[number] = totals.requests_per_s
        x_h2[number] = execution.responses / execution.seconds
        for latency, latencies in (
            (totals.latency, latency_wrk),
            (execution.latency, latency_h2),
        ):
            if latency:
                latencies[number] = latency
        if pair.wrk.server_cpu_us_per_request:
            cpu_wrk[number] = pair.wrk.server_cpu_us_per_request
        if pair.h2load.server_cpu_us:
            cpu_h2[number] = pair.h2load.server_cpu_us / execution.responses
    l_wrk = {number: latency.mean_us for number, latency in latency_wrk.items()}
    l_h2 = {number: latency.mean_us for number, latency in latency_h2.items()}
    under_way = cell.connections * cell.depth
    little_wrk = {n: x_wrk[n] * l_wrk[n] / 1e6 / under_way for n in l_wrk}
    little_h2 = {n: x_h2[n] * l_h2[n] / 1e6 / under_way for n in l_h2}
    return Closed(
        rounds=len(pairs),
        wrk_requests_per_s=middle(x_wrk.values()),
        h2load_requests_per_s=middle(x_h2.values()),
        throughput_ratio=spread(estimate(ratios(x_h2, x_wrk))),
        wrk_latency=middles(latency_wrk.values()),
        h2load_latency=middles(latency_h2.values()),
        latency_ratio=spread(estimate(ratios(l_h2, l_wrk))),
        wrk_under_way=middle(little_wrk.values()),
        h2load_under_way=middle(little_h2.values()),
        little_ratio=spread(estimate(ratios(little_h2, little_wrk))),
        server_cpu_ratio=spread(estimate(ratios(cpu_h2, cpu_wrk))),
    )


def middle(values: Iterable[float]) -> float | None:
    found = estimate(list(values))
    return found.median if found else None


def middles(latencies: Collection[Latency]) -> Latencies:
    return Latencies(
        mean_us=middle(latency.mean_us for latency in latencies),
        p50_us=middle(latency.p50_us for latency in latencies),
        p99_us=middle(latency.p99_us for latency in latencies),
    )


def constant_figures(check: Check | None) -> Rates:
    """What the constant-rate run of a cell says; latency only where the rate was kept."""
    if check is None:
        return Rates()
    execution, wanted = None if check.problem else check.execution, check.rate
    got = achieved(execution) if execution else None
    kept = got and wanted and got >= ACHIEVED * wanted
    return Rates(
        wanted_per_s=wanted,
        achieved_per_s=got,
        send_lag_max_us=send_lag_us(execution, wanted) if execution and wanted else None,
        latency=execution.latency if execution and kept else None,
    )


SIGNIFICANT = 7
"""Digits: more than any of it is worth, and none is lost in a ratio."""

Of = Callable[[CheckedCell], Value]


def _number(name: str, unit: str, value: Of, explained: str = "") -> Column[CheckedCell]:
    return Column(name=name, unit=unit, value=value, explained=explained, significant=SIGNIFICANT)


def _ratio(
    name: str, ratio: Callable[[CheckedCell], Spread], explained: str
) -> list[Column[CheckedCell]]:
    return spread_columns(_number(name, "ratio", lambda row: ratio(row).value, explained), ratio)


def _latency(name: str, of: Callable[[Latency], float], explained: str = "") -> Column[CheckedCell]:
    return _number(
        name,
        "us",
        lambda row: of(row.constant.latency) if row.constant.latency else None,
        explained,
    )


COLUMNS: list[Column[CheckedCell]] = [
    Column(name="testbed", value=lambda row: row.cell.testbed, explained="as above"),
    Column(name="framework", value=lambda row: row.cell.framework, explained="as above"),
    Column(
        name="workers",
        unit="processes",
        value=lambda row: row.cell.workers,
        explained="as above",
    ),
    Column(
        name="depth",
        unit="requests",
        value=lambda row: row.cell.depth,
        explained="as above; h2load's `-m`",
    ),
    Column(
        name="connections",
        unit="connections",
        value=lambda row: row.cell.connections,
        explained="as above",
    ),
    Column(
        name="rounds",
        unit="rounds",
        value=lambda row: row.closed.rounds,
        explained="with figures of both tools",
    ),
    _number(
        "wrk_requests_per_s",
        "1/s",
        lambda row: row.closed.wrk_requests_per_s,
        "as in `results.csv`",
    ),
    _number(
        "h2load_requests_per_s",
        "1/s",
        lambda row: row.closed.h2load_requests_per_s,
        "responses in its log by its `-D`",
    ),
    *_ratio("throughput_ratio", lambda row: row.closed.throughput_ratio, "of `requests_per_s`"),
    _number(
        "wrk_batch_latency_mean_us",
        "us",
        lambda row: row.closed.wrk_latency.mean_us,
        "of a batch",
    ),
    _number(
        "h2load_request_latency_mean_us",
        "us",
        lambda row: row.closed.h2load_latency.mean_us,
        "of a request, from when h2load made it ready to be written to the end of its response",
    ),
    *_ratio(
        "latency_ratio",
        lambda row: row.closed.latency_ratio,
        "of these two means; 1 / `throughput_ratio` is to be expected",
    ),
    _number(
        "wrk_under_way",
        "share",
        lambda row: row.closed.wrk_under_way,
        "requests/s x mean batch latency / (connections x depth); 1 by Little's law, less if "
        "connections wait to be accepted or batches were cut off at the end",
    ),
    _number(
        "h2load_under_way",
        "share",
        lambda row: row.closed.h2load_under_way,
        "requests/s x mean request latency / (connections x depth); the same",
    ),
    *_ratio(
        "little_ratio",
        lambda row: row.closed.little_ratio,
        "of these two, round by round: 1 if the two tools' latencies agree, whatever the "
        "throughput did between two executions",
    ),
    _number("wrk_batch_latency_p50_us", "us", lambda row: row.closed.wrk_latency.p50_us),
    _number("wrk_batch_latency_p99_us", "us", lambda row: row.closed.wrk_latency.p99_us),
    _number("h2load_request_latency_p50_us", "us", lambda row: row.closed.h2load_latency.p50_us),
    _number("h2load_request_latency_p99_us", "us", lambda row: row.closed.h2load_latency.p99_us),
    *_ratio(
        "server_cpu_ratio",
        lambda row: row.closed.server_cpu_ratio,
        "of the server's CPU time per request; empty if `server_cpu_us_per_request` would be",
    ),
    _number(
        "wanted_per_s",
        "1/s",
        lambda row: row.constant.wanted_per_s,
        "of the constant-rate run: `bench_rate_share` of the median of wrk's rounds. Empty, as all "
        "that follow, if there was none",
    ),
    _number(
        "achieved_per_s",
        "1/s",
        lambda row: row.constant.achieved_per_s,
        "answers, without the first and the last tenth of the run",
    ),
    _number(
        "send_lag_max_us",
        "us",
        lambda row: row.constant.send_lag_max_us,
        "how much later than at its best moment h2load ever sent, between 0.5 s after the first "
        "request and the last tenth; one slot of 10 ms is no lag",
    ),
    _latency(
        "rate_latency_mean_us",
        lambda latency: latency.mean_us,
        "of the requests sent from 0.5 s after the first; empty, as all `rate_latency_*`, if less "
        "than 0.99 of the rate was achieved",
    ),
    _latency("rate_latency_p50_us", lambda latency: latency.p50_us),
    _latency("rate_latency_p90_us", lambda latency: latency.p90_us),
    _latency("rate_latency_p99_us", lambda latency: latency.p99_us),
    _latency("rate_latency_max_us", lambda latency: latency.max_us),
    Column(
        name="problem",
        value=lambda row: row.problem,
        explained="which records have no figures, and why",
    ),
]
"""Of crosscheck.csv."""
