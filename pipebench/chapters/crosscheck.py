"""Another load tool beside wrk: whether it finds the same, and latency at a constant rate.

Both keep connections x depth requests under way. Little's law says of either that what is under
way is throughput times the mean time spent, so the mean latency of a request under h2load, whose
window slides, is that of a batch under wrk, if the throughput is the same. docs/method.md.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import pandas as pd

from pipebench.measure.measurement import Measurement
from pipebench.record.schema import Cell
from pipebench.record.store import CROSSCHECK, RAW
from pipebench.stats.estimate import Estimate, estimate, ratios
from pipebench.tools import find_tool, tools
from pipebench.tools.tool import Tool

ACHIEVED = 0.99
"""Share of the wanted rate that must be answered for the latency to be that at this rate."""

Row = dict[str, Any]


class Pair(NamedTuple):
    """One cell in one round, with either tool."""

    measured: Measurement
    checked: Measurement


def rows(measured: Iterable[Measurement], checks: list[Measurement]) -> list[Row]:
    """One row a cell that was cross-checked with a tool; what was not measured is None.

    measured: those measurements whose rates stand. `checker` of a row is the tool's name, with
    which those columns begin that are its own.
    """
    rated = {(one.cell, one.round): one for one in measured}
    pairs = sorted({(check.tool, check.cell) for check in checks})
    return [
        row_of(cell, [one for one in checks if (one.tool, one.cell) == (tool, cell)], rated)
        for tool, cell in pairs
    ]


def row_of(
    cell: Cell, checks: list[Measurement], rated: dict[tuple[Cell, int], Measurement]
) -> Row:
    """checks: of this cell, all with one tool."""
    problems = {check.file: problem_of(check) for check in checks}
    pairs = {
        check.round: Pair(rated[cell, check.round], check)
        for check in checks
        if check.round and not problems[check.file] and (cell, check.round) in rated
    }
    constant = next((check for check in checks if not check.round), None)
    told = [f"{CROSSCHECK}/{file}: {problem}" for file, problem in problems.items() if problem]
    tool = tools()[checks[0].tool]
    return {
        "cell": cell,
        **cell._asdict(),
        "rounds": len(pairs),
        **closed_figures(cell, tool, pairs),
        **constant_figures(constant),
        "problem": "; ".join(told) or None,
        "checker": tool.name,
    }


def problem_of(check: Measurement) -> str | None:
    """Why it has no figures, or none that can be compared; None if it has."""
    if check.harness_fault or check.unusable or check.tool_problem:
        return check.harness_fault or check.unusable or check.tool_problem
    if check.totals:
        return None
    if not check.round and not check.rate:
        return "wrk found no rate to take a share of"
    # a generator's own comes first: it was the last to try
    return next(reversed(check.ready_errors), f"{check.tool} did not run")


def closed_figures(cell: Cell, checker: Tool, pairs: dict[int, Pair]) -> Row:
    """Medians of either tool, and the ratios of the checker's to wrk's in the same round."""
    first = find_tool(None, RAW)
    x1, l1, cpu1 = _by_round({n: pair.measured for n, pair in pairs.items()})
    x2, l2, cpu2 = _by_round({n: pair.checked for n, pair in pairs.items()})
    under_way = cell.connections * cell.depth
    little1 = {n: x1[n] * l1[n] / 1e6 / under_way for n in l1}
    little2 = {n: x2[n] * l2[n] / 1e6 / under_way for n in l2}
    name1, name2 = first.name, checker.name
    return {
        f"{name1}_requests_per_s": middle(x1.values()),
        f"{name2}_requests_per_s": middle(x2.values()),
        **spread("throughput_ratio", estimate(ratios(x2, x1))),
        f"{name1}_{first.times}_latency_mean_us": middle(l1.values()),
        f"{name2}_{checker.times}_latency_mean_us": middle(l2.values()),
        **spread("latency_ratio", estimate(ratios(l2, l1))),
        f"{name1}_under_way": middle(little1.values()),
        f"{name2}_under_way": middle(little2.values()),
        **spread("little_ratio", estimate(ratios(little2, little1))),
        **_tails(first, [pair.measured for pair in pairs.values()]),
        **_tails(checker, [pair.checked for pair in pairs.values()]),
        **spread("server_cpu_ratio", estimate(ratios(cpu2, cpu1))),
    }


def _by_round(
    measurements: dict[int, Measurement],
) -> tuple[dict[int, float], dict[int, float], dict[int, float]]:
    """By round: requests/s, mean latency in us, and CPU time of the server in us a request."""
    rates: dict[int, float] = {}
    latencies: dict[int, float] = {}
    cpu: dict[int, float] = {}
    for number, measurement in measurements.items():
        totals = measurement.totals
        if totals is None:
            continue
        rates[number] = totals.requests_per_s
        if totals.latency:
            latencies[number] = totals.latency.mean_us
        if measurement.server_cpu_us_per_request:
            cpu[number] = measurement.server_cpu_us_per_request
    return rates, latencies, cpu


def _tails(tool: Tool, measurements: list[Measurement]) -> Row:
    latencies = [one.totals.latency for one in measurements if one.totals and one.totals.latency]
    return {
        f"{tool.name}_{tool.times}_latency_{name}": middle(getattr(one, name) for one in latencies)
        for name in ("p50_us", "p99_us")
    }


def middle(values: Iterable[float]) -> float | None:
    found = estimate(list(values))
    return found.median if found else None


def spread(name: str, found: Estimate | None) -> Row:
    low, high = (found.low, found.high) if found else (None, None)
    return {name: found.median if found else None, f"{name}_low": low, f"{name}_high": high}


def constant_figures(check: Measurement | None) -> Row:
    """What the constant-rate run of a cell says; latency only if the rate was kept."""
    wanted = check.rate if check else None
    usable = check if check and not problem_of(check) else None
    kept = usable.rate_kept if usable else None
    got = kept.achieved_per_s if kept else None
    latency = usable.totals.latency if usable and usable.totals else None
    if not (latency and got and wanted and got >= ACHIEVED * wanted):
        latency = None
    return {
        "wanted_per_s": wanted,
        "achieved_per_s": got,
        "send_lag_max_us": kept.send_lag_us if kept else None,
        "rate_latency_mean_us": latency.mean_us if latency else None,
        **{
            f"rate_latency_{name}_us": getattr(latency, f"{name}_us") if latency else None
            for name in ("p50", "p90", "p99", "max")
        },
    }


def to_csv(found: list[Row]) -> str:
    """crosscheck.csv: five digits are more than any of it is worth, and none is lost in a ratio."""
    frame = pd.DataFrame(found).drop(columns=["cell", "checker"])
    return frame.to_csv(index=False, float_format="%.7g", lineterminator="\n")
