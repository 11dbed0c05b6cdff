"""Another load tool beside the first: whether the two agree, and latency at a constant rate.

Both keep connections x depth requests under way. By Little's law, the number under way is
throughput x mean latency for each tool. So if the throughput is the same, the mean latency of a
request under a tool whose window slides is that of a batch under one that waits for the whole
batch. docs/method.md.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipebench.frame.typed import csv_text
from pipebench.measure.latency import Latency
from pipebench.measure.measurement import Measurement
from pipebench.record.factors import Cell, order
from pipebench.record.store import CROSSCHECK
from pipebench.rules.outcome import RATED
from pipebench.run.columns import Column, ColumnKind, Value, spread_columns
from pipebench.run.identity import identity
from pipebench.run.judge import JudgedRun
from pipebench.stats.estimate import Estimate, estimate, ratios
from pipebench.tools import first_tool, tools
from pipebench.tools.tool import Tool

ACHIEVED = 0.99
"""Share of the wanted rate that must be answered; below it, there is no latency at this rate."""
SIGNIFICANT = 7
"""Digits in the file: more than the precision of any figure, so that ratios lose none."""

Rounds = dict[int, Measurement]
"""A cell's measurements with one tool, by round."""


@dataclass(frozen=True, slots=True)
class ToolMedians:
    """Medians of one tool over the rounds. Latencies in us, of batches or requests by the tool.

    under_way: throughput x mean latency / (connections x depth).
    """

    requests_per_s: float | None = None
    latency_mean_us: float | None = None
    latency_p50_us: float | None = None
    latency_p99_us: float | None = None
    under_way: float | None = None


NOT_MEASURED = ToolMedians()


@dataclass(frozen=True, slots=True)
class AtRate:
    """A measurement at a constant rate; latency only if the rate was kept."""

    wanted_per_s: float | None = None
    achieved_per_s: float | None = None
    send_lag_max_us: float | None = None
    latency: Latency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedCell:
    """A row of crosscheck.csv: one cell with the tool that measured and with a checker.

    None is "not measured". Ratios are the checker's figure / that of `tool` in the same round.
    """

    cell: Cell
    tool: Tool
    checker: Tool
    rounds: int
    measured: ToolMedians
    checked: ToolMedians
    throughput: Estimate
    latency: Estimate
    little: Estimate
    server_cpu: Estimate
    at_rate: AtRate
    problem: str | None


class CheckedPair(NamedTuple):
    """One cell in one round, with either tool."""

    measured: Measurement
    checked: Measurement


def checked_cells(judged_run: JudgedRun) -> list[CheckedCell]:
    """A row per cross-checked cell; empty if the run has no cross-check."""
    rated = [m.measurement for m in judged_run.measurements if m.judgement.outcome in RATED]
    return rows(rated, judged_run.checks)


def rows(measured: Iterable[Measurement], checks: Sequence[Measurement]) -> list[CheckedCell]:
    """One row per cell that was cross-checked with a tool.

    measured: measurements whose rates are valid.
    """
    rated = {(one.cell, one.round): one for one in measured}
    pairs = sorted(
        {(check.tool, check.cell) for check in checks}, key=lambda pair: (pair[0], order(pair[1]))
    )
    return [
        row_of(cell, [one for one in checks if (one.tool, one.cell) == (tool, cell)], rated)
        for tool, cell in pairs
    ]


def row_of(
    cell: Cell, checks: Sequence[Measurement], rated: dict[tuple[Cell, int], Measurement]
) -> CheckedCell:
    """checks: of this cell, all with one tool."""
    of_cell = [one.tool for (its_cell, _), one in rated.items() if its_cell == cell]
    tool = tools()[of_cell[0]] if of_cell else first_tool()
    problems = {check.file: problem_of(check, tool) for check in checks}
    pairs = {
        check.round: CheckedPair(rated[cell, check.round], check)
        for check in checks
        if check.round and not problems[check.file] and (cell, check.round) in rated
    }
    measured = {number: pair.measured for number, pair in pairs.items()}
    checked = {number: pair.checked for number, pair in pairs.items()}
    sentences = [f"{CROSSCHECK}/{file}: {problem}" for file, problem in problems.items() if problem]
    return CheckedCell(
        cell=cell,
        tool=tool,
        checker=tools()[checks[0].tool],
        rounds=len(pairs),
        measured=_medians(measured),
        checked=_medians(checked),
        throughput=_ratio(_rates(checked), _rates(measured)),
        latency=_ratio(_latencies(checked), _latencies(measured)),
        little=_ratio(_under_way(checked), _under_way(measured)),
        server_cpu=_ratio(_cpu(checked), _cpu(measured)),
        at_rate=at_rate(next((check for check in checks if not check.round), None), tool),
        problem="; ".join(sentences) or None,
    )


def problem_of(check: Measurement, tool: Tool) -> str | None:
    """Why it has no figures that can be compared; None if it has. tool: which measured."""
    problem = check.tool_problem.sentence if check.tool_problem else None
    if check.harness_fault or check.unusable or problem:
        return check.harness_fault or check.unusable or problem
    if check.totals:
        return None
    if not check.round and not check.rate:
        return f"{tool.name} measured no rate, so there is no share of it"
    # a generator's own error comes first, as the generator tried last
    return next(reversed(check.ready_errors), f"{check.tool} did not run")


def _medians(measurements: Rounds) -> ToolMedians:
    totals = [one.totals for one in measurements.values() if one.totals]
    latencies = [one.latency for one in totals if one.latency]
    return ToolMedians(
        requests_per_s=_middle(one.requests_per_s for one in totals),
        latency_mean_us=_middle(latency.mean_us for latency in latencies),
        latency_p50_us=_middle(latency.p50_us for latency in latencies),
        latency_p99_us=_middle(latency.p99_us for latency in latencies),
        under_way=_middle(_under_way(measurements).values()),
    )


def _rates(measurements: Rounds) -> dict[int, float]:
    return {n: one.totals.requests_per_s for n, one in measurements.items() if one.totals}


def _latencies(measurements: Rounds) -> dict[int, float]:
    """Means, in us."""
    return {
        number: one.totals.latency.mean_us
        for number, one in measurements.items()
        if one.totals and one.totals.latency
    }


def _under_way(measurements: Rounds) -> dict[int, float]:
    rates, latencies = _rates(measurements), _latencies(measurements)
    cells = {number: one.cell for number, one in measurements.items()}
    return {
        number: rates[number] * mean / 1e6 / (cells[number].connections * cells[number].depth)
        for number, mean in latencies.items()
    }


def _cpu(measurements: Rounds) -> dict[int, float]:
    """CPU time of the server, in us a request."""
    return {
        number: one.server_cpu_us_per_request
        for number, one in measurements.items()
        if one.server_cpu_us_per_request
    }


def _middle(values: Iterable[float]) -> float | None:
    return estimate(list(values)).value


def _ratio(values: dict[int, float], base: dict[int, float]) -> Estimate:
    return estimate(ratios(values, base))


def at_rate(check: Measurement | None, tool: Tool) -> AtRate:
    """The figures of a cell's measurement at a constant rate."""
    wanted = check.rate if check else None
    usable = check if check and not problem_of(check, tool) else None
    kept = usable.rate_kept if usable else None
    achieved = kept.achieved_per_s if kept else None
    latency = usable.totals.latency if usable and usable.totals else None
    if not (achieved and wanted and achieved >= ACHIEVED * wanted):
        latency = None
    return AtRate(wanted, achieved, kept.send_lag_us if kept else None, latency)


def to_csv(checked: Sequence[CheckedCell]) -> str:
    """crosscheck.csv."""
    names = dict.fromkeys(row.checker.name for row in checked)
    return csv_text(columns(checked[0].tool, [tools()[name] for name in names]), checked)


ValueOf = Callable[[CheckedCell], Value]


def _number(name: str, unit: str, value: ValueOf, explained: str = "") -> Column[CheckedCell]:
    return Column(
        name=name,
        unit=unit,
        value=value,
        kind=ColumnKind.NUMBER,
        explained=explained,
        significant=SIGNIFICANT,
    )


def _ratios(
    name: str, spread_of: Callable[[CheckedCell], Estimate], explained: str
) -> list[Column[CheckedCell]]:
    return spread_columns(
        _number(name, "ratio", lambda row: spread_of(row).value, explained), spread_of
    )


def _latency(
    name: str, figure: Callable[[Latency], float], explained: str = ""
) -> Column[CheckedCell]:
    def value(row: CheckedCell) -> float | None:
        return figure(row.at_rate.latency) if row.at_rate.latency else None

    return _number(f"rate_latency_{name}_us", "us", value, explained)


def _medians_of(tool: Tool, row: CheckedCell) -> ToolMedians:
    """A row's medians of a tool."""
    if tool.name == row.tool.name:
        return row.measured
    return row.checked if tool.name == row.checker.name else NOT_MEASURED


def columns(tool: Tool, checkers: Sequence[Tool]) -> list[Column[CheckedCell]]:
    """The columns of crosscheck.csv, in their order; names of a tool's columns begin with it.

    tool: which measured.
    """
    both = [tool, *checkers]
    return [
        *_identity(checkers),
        *(_rate(one, measures=one is tool) for one in both),
        *_ratios("throughput_ratio", lambda row: row.throughput, "of `requests_per_s`"),
        *(_mean(one) for one in both),
        *_ratios(
            "latency_ratio",
            lambda row: row.latency,
            "of these two means; expected: 1 / `throughput_ratio`",
        ),
        *(_busy(one) for one in both),
        *_ratios(
            "little_ratio",
            lambda row: row.little,
            "of these two, round by round: 1 if the two tools' latencies agree, even if the "
            "throughput changed between two executions",
        ),
        *(column for one in both for column in _tails(one)),
        *_ratios(
            "server_cpu_ratio",
            lambda row: row.server_cpu,
            "of the server's CPU time per request; empty if `server_cpu_us_per_request` would be",
        ),
        *_at_rate(tool),
        Column(
            name="problem",
            value=lambda row: row.problem,
            explained="which records have no figures, and why",
        ),
        Column(
            name="tool",
            value=lambda row: row.checker.name,
            explained="the other tool; what begins with the name of a third is empty",
        ),
    ]


def _identity(checkers: Sequence[Tool]) -> list[Column[CheckedCell]]:
    options = [one.options["depth"] for one in checkers if "depth" in one.options]
    return [
        *identity(
            lambda row: row.cell,
            "as in `results.csv`",
            other={"depth": "; ".join(["as in `results.csv`", *options])},
        ),
        Column(
            name="rounds",
            unit="rounds",
            value=lambda row: row.rounds,
            kind=ColumnKind.INTEGER,
            explained="with figures of both tools",
        ),
    ]


def _rate(tool: Tool, *, measures: bool) -> Column[CheckedCell]:
    explained = "responses that it counted / the duration that it was given"
    if measures:
        explained = "as in `results.csv`"
    return _number(
        f"{tool.name}_requests_per_s",
        "1/s",
        lambda row: _medians_of(tool, row).requests_per_s,
        explained,
    )


def _mean(tool: Tool) -> Column[CheckedCell]:
    explained = "of a batch"
    if tool.times == "request":
        explained = (
            f"of a request, from when {tool.name} put it into its buffer to the end of its response"
        )
    return _number(
        f"{tool.name}_{tool.times}_latency_mean_us",
        "us",
        lambda row: _medians_of(tool, row).latency_mean_us,
        explained,
    )


def _busy(tool: Tool) -> Column[CheckedCell]:
    return _number(
        f"{tool.name}_under_way",
        "share",
        lambda row: _medians_of(tool, row).under_way,
        f"requests/s x mean {tool.times} latency / (connections x depth); 1 by Little's law, less "
        "if connections wait to be accepted or the end cut batches off",
    )


def _tails(tool: Tool) -> list[Column[CheckedCell]]:
    name = f"{tool.name}_{tool.times}_latency"
    return [
        _number(f"{name}_p50_us", "us", lambda row: _medians_of(tool, row).latency_p50_us),
        _number(f"{name}_p99_us", "us", lambda row: _medians_of(tool, row).latency_p99_us),
    ]


def _at_rate(tool: Tool) -> list[Column[CheckedCell]]:
    return [
        _number(
            "wanted_per_s",
            "1/s",
            lambda row: row.at_rate.wanted_per_s,
            "of the measurement at a constant rate: `bench_rate_share` x the median of "
            f"{tool.name}'s rounds. "
            "Without such a measurement, this and the following columns are empty",
        ),
        _number(
            "achieved_per_s",
            "1/s",
            lambda row: row.at_rate.achieved_per_s,
            "answers, without the first and the last tenth of the measurement",
        ),
        _number(
            "send_lag_max_us",
            "us",
            lambda row: row.at_rate.send_lag_max_us,
            "the largest delay in sending, relative to the tool's best moment, from 0.5 s after "
            "the first request to the last tenth; one slot of 10 ms does not count",
        ),
        _latency(
            "mean",
            lambda latency: latency.mean_us,
            "of the requests sent from 0.5 s after the first; like all `rate_latency_*`, empty if "
            "less than 0.99 of the rate was achieved",
        ),
        _latency("p50", lambda latency: latency.p50_us),
        _latency("p90", lambda latency: latency.p90_us),
        _latency("p99", lambda latency: latency.p99_us),
        _latency("max", lambda latency: latency.max_us),
    ]
