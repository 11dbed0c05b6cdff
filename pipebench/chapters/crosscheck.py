"""h2load beside wrk: whether another generator finds the same, and latency at a constant rate.

Both keep connections x depth requests under way. Little's law says of either that what is under
way is throughput times the mean time spent, so the mean latency of a request under h2load, whose
window slides, is that of a batch under wrk, if the throughput is the same. docs/method.md.
"""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from pipebench.measure.latency import Latency, summarise
from pipebench.measure.measurement import Measurement
from pipebench.measure.window import WindowError, increase
from pipebench.record.schema import Cell, Integers, InvalidRecord, RecordError, Run, parse_record
from pipebench.stats.estimate import Estimate, estimate, ratios

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


Row = dict[str, Any]


def rows(wrk: Iterable[Measurement], checks: Checks) -> list[Row]:
    """One row a cell that was cross-checked; what was not measured is None.

    wrk: those measurements whose rates stand.
    """
    rated = {(measurement.cell, measurement.round): measurement for measurement in wrk}
    cells = list(dict.fromkeys(check.cell for check in checks.checks))
    return [row_of(cell, checks.checks, rated) for cell in sorted(cells)]


def row_of(cell: Cell, checks: list[Check], rated: dict[tuple[Cell, int], Measurement]) -> Row:
    own = [check for check in checks if check.cell == cell]
    pairs = {
        check.round: Pair(rated[cell, check.round], check)
        for check in own
        if check.round and not check.problem and (cell, check.round) in rated
    }
    constant = next((check for check in own if check.round is None), None)
    problems = [f"{check.file}: {check.problem}" for check in own if check.problem]
    return {
        **cell._asdict(),
        "rounds": len(pairs),
        **closed_figures(cell, pairs),
        **constant_figures(constant),
        "problem": "; ".join(problems) or None,
    }


def closed_figures(cell: Cell, pairs: dict[int, Pair]) -> Row:
    """Medians of either generator, and the ratios of h2load's to wrk's in the same round."""
    x_wrk: dict[int, float] = {}
    x_h2: dict[int, float] = {}
    l_wrk: dict[int, float] = {}
    l_h2: dict[int, float] = {}
    cpu_wrk: dict[int, float] = {}
    cpu_h2: dict[int, float] = {}
    tails: dict[str, list[float]] = {}
    for number, pair in pairs.items():
        totals, execution = pair.wrk.totals, pair.h2load.execution
        if totals is None or execution is None:
            continue
        x_wrk[number] = totals.requests_per_s
        x_h2[number] = execution.responses / execution.seconds
        for tool, latency, means in (
            ("wrk_batch", totals.latency, l_wrk),
            ("h2load_request", execution.latency, l_h2),
        ):
            if latency:
                means[number] = latency.mean_us
                for name in ("p50_us", "p99_us"):
                    tails.setdefault(f"{tool}_latency_{name}", []).append(getattr(latency, name))
        if pair.wrk.server_cpu_us_per_request:
            cpu_wrk[number] = pair.wrk.server_cpu_us_per_request
        if pair.h2load.server_cpu_us:
            cpu_h2[number] = pair.h2load.server_cpu_us / execution.responses
    under_way = cell.connections * cell.depth
    little_wrk = {n: x_wrk[n] * l_wrk[n] / 1e6 / under_way for n in l_wrk}
    little_h2 = {n: x_h2[n] * l_h2[n] / 1e6 / under_way for n in l_h2}

    def middle(values: Iterable[float]) -> float | None:
        found = estimate(list(values))
        return found.median if found else None

    return {
        "wrk_requests_per_s": middle(x_wrk.values()),
        "h2load_requests_per_s": middle(x_h2.values()),
        **spread("throughput_ratio", estimate(ratios(x_h2, x_wrk))),
        "wrk_batch_latency_mean_us": middle(l_wrk.values()),
        "h2load_request_latency_mean_us": middle(l_h2.values()),
        **spread("latency_ratio", estimate(ratios(l_h2, l_wrk))),
        "wrk_under_way": middle(little_wrk.values()),
        "h2load_under_way": middle(little_h2.values()),
        **spread("little_ratio", estimate(ratios(little_h2, little_wrk))),
        **{
            f"{tool}_latency_{name}": middle(tails.get(f"{tool}_latency_{name}", []))
            for tool in ("wrk_batch", "h2load_request")
            for name in ("p50_us", "p99_us")
        },
        **spread("server_cpu_ratio", estimate(ratios(cpu_h2, cpu_wrk))),
    }


def spread(name: str, found: Estimate | None) -> Row:
    low, high = (found.low, found.high) if found else (None, None)
    return {name: found.median if found else None, f"{name}_low": low, f"{name}_high": high}


def constant_figures(check: Check | None) -> Row:
    """What the constant-rate run of a cell says; latency only where the rate was kept."""
    execution = check.execution if check and not check.problem else None
    wanted = check.rate if check else None
    got = achieved(execution) if execution else None
    latency = execution.latency if execution else None
    if not (latency and got and wanted and got >= ACHIEVED * wanted):
        latency = None
    return {
        "wanted_per_s": wanted,
        "achieved_per_s": got,
        "send_lag_max_us": send_lag_us(execution, wanted) if execution and wanted else None,
        "rate_latency_mean_us": latency.mean_us if latency else None,
        **{
            f"rate_latency_{name}_us": getattr(latency, f"{name}_us") if latency else None
            for name in ("p50", "p90", "p99", "max")
        },
    }


def to_csv(found: list[Row]) -> str:
    """crosscheck.csv: five digits are more than any of it is worth, and none is lost in a ratio."""
    frame = pd.DataFrame(found)
    return frame.to_csv(index=False, float_format="%.7g", lineterminator="\n")
