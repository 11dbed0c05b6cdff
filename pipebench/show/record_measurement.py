"""One measurement, or one execution of a cross-check, for a person: see record.py."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from pipebench.measure.latency import Latency
from pipebench.measure.measurement import Measurement, Totals
from pipebench.measure.usage import Usage
from pipebench.record.schema import Cell
from pipebench.rules.bottleneck import NEAR, LimitedBy, Load, bottleneck_of, candidates
from pipebench.rules.outcome import (
    DECIDING,
    RATED,
    RULES,
    Context,
    Finding,
    Judgement,
    findings_of,
    judge,
)
from pipebench.rules.path_capacity import PathCapacity
from pipebench.run.figures import LEAST_BATCHES_OF_P99
from pipebench.show import formats
from pipebench.show.layout import COLUMNS, INDENT, section, wrapped
from pipebench.tools import tools

LOG_LINES = 8
JOURNAL_BEGINS = r"^\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)\S* \S+ "

PLURALS = {"batch": "batches", "request": "requests"}
"""Of what a load tool's latencies are of."""

Pairs = Iterator[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Seen:
    """A measurement with all that it is judged by.

    rounds, positions: how many the schedule has; 0 if it is not known.
    """

    measurement: Measurement
    context: Context
    path_capacity: PathCapacity | None
    rounds: int = 0
    positions: int = 0


def text(seen: Seen) -> str:
    """What was run, what came out, which rules spoke, and what limited it."""
    measurement = seen.measurement
    judgement = judge(measurement, seen.context)
    parts = [
        f"Measurement of run {measurement.run_id}: {measurement.file}",
        section("What was run", _was_run(seen)),
        section("What came out", _came_out(seen, rated=judgement.outcome in RATED)),
        _outcome(judgement, findings_of(measurement, seen.context)),
        _limits(seen, judgement),
    ]
    if judgement.outcome not in RATED and measurement.log:
        parts.append(_log(measurement.log))
    return "\n\n".join(parts)


def checked(measurement: Measurement) -> str:
    """What was run and what came out, of another load tool than the one that is judged."""
    seen = Seen(measurement, Context(), None)
    problem = _problem(measurement)
    return "\n\n".join(
        [
            f"Cross-check with {measurement.tool} of run {measurement.run_id}: {measurement.file}",
            section("What was run", _was_run(seen)),
            section("What came out", [("problem", problem), *_came_out(seen, rated=not problem)]),
        ]
    )


def _problem(measurement: Measurement) -> str:
    """Why there are no figures, or none that can be compared."""
    told = (measurement.harness_fault, measurement.unusable, measurement.tool_problem)
    return next(filter(None, (*told, *reversed(measurement.ready_errors))), "")


def cell_words(cell: Cell) -> str:
    """A cell in words."""
    return (
        f"{cell.framework} on testbed {cell.testbed}: {_count(cell.workers, 'worker')}, "
        f"depth {cell.depth}, {_count(cell.connections, 'connection')}"
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _was_run(seen: Seen) -> Pairs:
    measurement = seen.measurement
    yield "cell", cell_words(measurement.cell)
    yield "round", _round(seen)
    if measurement.rate:
        yield "rate", f"{formats.integer(measurement.rate)} requests/s wanted"
    yield "when", _when(measurement)
    yield "server", _host(measurement.server_host, measurement.server_cpus)
    for load in measurement.loads:
        host = _host(load.host, load.cpus)
        yield "load generator", f"{host}, {_count(load.threads, 'thread')}"
    yield "command", shlex.join(measurement.argv)


def _round(seen: Seen) -> str:
    if not seen.measurement.round:  # at a constant rate
        return ""
    of = f" of {seen.rounds}" if seen.rounds else ""
    within = f" of {seen.positions}" if seen.positions else ""
    return f"{seen.measurement.round}{of}, position {seen.measurement.position}{within}"


def _when(measurement: Measurement) -> str:
    ended = f"ended {measurement.ended:%Y-%m-%d %H:%M:%S} UTC" if measurement.ended else ""
    took = ""
    if measurement.measured_s:
        took = f"{measurement.warmup_s:.1f} s of warm-up, then {measurement.measured_s:.1f} s"
    return "; ".join(word for word in (ended, took) if word)


def _host(name: str | None, cpus: int | None) -> str:
    if name is None:
        return ""
    return f"{name}, {_count(cpus, 'CPU')}" if cpus else name


def _came_out(seen: Seen, *, rated: bool) -> Pairs:
    """Only what was measured; a rate only if the outcome lets it mean something."""
    measurement = seen.measurement
    totals = measurement.totals
    if totals is None:
        ran = "has no result that can be used" if measurement.argv else "did not run"
        yield "measured", f"nothing: {measurement.tool} {ran}"
    else:
        yield from _counted(totals, seen, rated=rated)
    yield from _used(measurement)


def _counted(totals: Totals, seen: Seen, *, rated: bool) -> Pairs:
    measurement = seen.measurement
    answered = f"{totals.requests:,} answered in {totals.duration_s:.2f} s"
    if rated:
        yield "requests/s", f"{formats.integer(totals.requests_per_s)} ({answered})"
        times = tools()[measurement.tool].times
        yield f"{times} latency", _latency(totals.latency, times)
        yield "constant rate", _kept(measurement)
    else:
        yield "requests", f"{answered}; no rate, because the outcome has none"
    seen_errors = [f"{count:,} {kind}" for kind, count in totals.errors.items() if count]
    yield "errors", ", ".join(seen_errors) or "none"
    yield "bytes", _bytes(totals, seen.context)
    yield "connections", _connections(totals, measurement.reopened)
    yield "each connection", _each_connection(measurement)
    yield "verified", _verified(measurement)
    if totals.latency and tools()[measurement.tool].times == "batch":
        most = totals.opened * (measurement.cell.depth - 1)
        found = totals.slack(measurement.cell.depth)
        yield "slack", f"{found:,} responses beyond whole batches (0 to {most:,} are possible)"
        yield "busy", f"{totals.busy:.2f} of the connections' time lies in whole batches"
    if rated and measurement.steadiness is not None:
        slowest = "the rate of the slowest quarter of the time by that of the fastest"
        yield "steadiness", f"{measurement.steadiness:.2f}: {slowest}"


def _kept(measurement: Measurement) -> str:
    """How well a constant rate was kept."""
    kept, wanted = measurement.rate_kept, measurement.rate
    if kept is None or kept.achieved_per_s is None or not wanted:
        return ""
    share = kept.achieved_per_s / wanted
    late = f"; the sender was late by {formats.us(kept.send_lag_us)} at most"
    return f"{formats.integer(kept.achieved_per_s)} requests/s, {share:.3f} of that wanted{late}"


def _latency(latency: Latency | None, times: str) -> str:
    """As the tool recorded it: wrk's, before its correction."""
    if latency is None:
        return f"not one whole {times}"
    points = {"p50": latency.p50_us, "p75": latency.p75_us, "p90": latency.p90_us}
    if latency.batches >= LEAST_BATCHES_OF_P99:
        points["p99"] = latency.p99_us
    told = ", ".join(f"{name} {formats.us(value)}" for name, value in points.items())
    return (
        f"{told}, max {formats.us(latency.max_us)}, mean {formats.us(latency.mean_us)} "
        f"({latency.batches:,} {PLURALS[times]})"
    )


def _bytes(totals: Totals, context: Context) -> str:
    if totals.bytes is None:
        return ""
    said = formats.size(totals.bytes)
    if totals.requests and totals.bytes is not None:
        said += f", {totals.bytes / totals.requests:,.1f} a response"
    if context.response_size:
        size, exact = context.response_size
        said += f" (over the run: {size:,}{'' if exact else ' at least'})"
    return said


def _connections(totals: Totals, reopened: int | None) -> str:
    if reopened is None:
        return f"{totals.opened:,} opened"
    return f"{totals.opened:,} opened, and {reopened:,} more in the window"


def _each_connection(measurement: Measurement) -> str:
    """How the connections were served; nothing if they were not looked at."""
    served = measurement.served
    if served is None or not served.responses:
        return ""
    fewest, median, most = served.responses[0], served.median or 0, served.responses[-1]
    counts = (
        f"{fewest:,.0f} to {most:,.0f} responses, median {median:,.0f}, after {served.at_s:.1f} s"
    )
    return f"{counts}; {served.unserved:,} never served" if served.unserved else counts


def _verified(measurement: Measurement) -> str:
    """What was asked on further connections while the load went on."""
    verified = measurement.verified
    if verified is None:
        return ""
    asked = _count(verified.requests, "request")
    wrong = (
        f"{verified.wrong:,} of {verified.batches:,} batches wrong"
        if verified.wrong
        else "none wrong"
    )
    return f"{verified.answered:,} of {asked} answered while the load went on, {wrong}"


def _used(measurement: Measurement) -> Pairs:
    cores, each = measurement.server_cpu_cores, measurement.server_cpu_us_per_request
    if cores is not None:
        request = f", {formats.us(each)} a request" if each is not None else ""
        yield "server CPU", f"{cores:.2f} cores{request}"
    if measurement.server_rss_peak_bytes is not None:
        yield "server memory", f"{formats.size(measurement.server_rss_peak_bytes)} at most"
    for load in measurement.loads:
        if load.cores is not None:
            yield "generator CPU", f"{load.cores:.2f} cores of {load.host}"
    usages = (measurement.server_usage, *measurement.generator_usages)
    yield "other programs", ", ".join(filter(None, map(_others, usages)))
    yield "network", _network(measurement.server_usage)


def _others(usage: Usage | None) -> str:
    if usage is None or usage.other_cores is None:
        return ""
    return f"{usage.other_cores:.2f} cores of {usage.host}"


def _network(usage: Usage | None) -> str:
    if usage is None or usage.rx_bytes_per_s is None or usage.tx_bytes_per_s is None:
        return ""
    received, sent = (each * 8 / 1e6 for each in (usage.rx_bytes_per_s, usage.tx_bytes_per_s))
    return f"{usage.host} received {received:,.1f} and sent {sent:,.1f} Mbit/s"


def _outcome(judgement: Judgement, findings: list[Finding]) -> str:
    """The outcome, and each rule that found something, with its sentence."""
    heading = f"Outcome: {judgement.outcome.value}"
    if not findings:
        rules = len(DECIDING) + len(RULES)
        return f"{heading}\n{INDENT}No rule found anything (there are {rules})."
    said = []
    for finding in findings:
        weight = "" if finding.rule in judgement.rules else "; it is not part of the reason"
        said.append((finding.rule, f"{finding.sentence} ({finding.outcome.value}{weight})"))
    return section(heading, said)


def _limits(seen: Seen, judgement: Judgement) -> str:
    """The candidates with their shares, and what disturbed the measurement."""
    if judgement.outcome not in RATED:
        said = "Limited by: not asked, because there is no rate that something may have limited."
        return wrapped(said)
    loads = candidates(seen.measurement, seen.path_capacity)
    found = bottleneck_of(seen.measurement, seen.path_capacity)
    named = [(load.limit.value, f"{_share(load.share)}  {load.sentence}") for load in loads]
    named += [("disturbed", one.sentence) for one in found.disturbances]
    if not found.disturbances:
        named.append(("disturbed", "by nothing that was recorded"))
    return section(f"Limited by: {found.limit.value} ({_why(found.limit, loads)})", named)


def _why(limit: LimitedBy, loads: list[Load]) -> str:
    """In a few words, why it is this candidate, or none."""
    if limit == LimitedBy.WAITING:
        return "all were idle, so the connections waited"
    if limit == LimitedBy.UNKNOWN:
        of = "none" if all(load.share is not None for load in loads) else "none that is known"
        return f"{of} has a share of {NEAR:.2f} or more"
    return f"a share of {NEAR:.2f} or more is a limit"


def _share(share: float | None) -> str:
    return "   ?" if share is None else f"{share:.2f}"


def _log(log: str) -> str:
    """Its last lines, of the journal's without the day and the host, each cut at the margin."""
    lines = [re.sub(JOURNAL_BEGINS, r"\1 ", line) for line in log.splitlines()[-LOG_LINES:]]
    room = COLUMNS - len(INDENT)
    return "\n".join(["The end of the log", *(f"{INDENT}{line[:room]}" for line in lines)])
