"""One measurement, or one execution of a cross-check, for a person: see record.py."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipebench.measure.latency import Latency
from pipebench.measure.measurement import Measurement, Totals
from pipebench.measure.usage import Usage
from pipebench.record.factors import PLACE, Cell
from pipebench.rules.answers import wrong_in_window
from pipebench.rules.bottleneck import NEAR, Candidate, LimitedBy, bottleneck_of, candidates
from pipebench.rules.outcome import (
    RATED,
    Context,
    Finding,
    Judgement,
    findings_of,
    judge,
    rule,
)
from pipebench.rules.path_capacity import PathCapacity
from pipebench.rules.rule import When
from pipebench.run.cells import in_words
from pipebench.run.figures import LEAST_BATCHES_OF_P99
from pipebench.show import formats
from pipebench.show.layout import COLUMNS, INDENT, section, wrapped
from pipebench.tools import tools

LOG_LINES = 8
JOURNAL_BEGINS = r"^\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)\S* \S+ "

PLURALS = {"batch": "batches", "request": "requests"}
"""Of the units that a load tool's latencies are of."""

Pairs = Iterator[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class MeasurementInputs:
    """A measurement with all inputs of its judgement.

    rounds, positions: how many the schedule has; 0 if it is not known. baselines: of the network,
    Gbit/s by rented host.
    """

    measurement: Measurement
    context: Context
    path_capacity: PathCapacity | None
    rounds: int = 0
    positions: int = 0
    baselines: Mapping[str, float] = field(default_factory=dict)


def text(seen: MeasurementInputs) -> str:
    """The execution, its results, the broken rules, and the bottleneck."""
    measurement = seen.measurement
    judgement = judge(measurement, seen.context)
    parts = [
        f"Measurement of run {measurement.run_id}: {measurement.file}",
        section("Execution", _execution(seen)),
        section("Results", _results(seen, rated=judgement.outcome in RATED)),
        _outcome(judgement, findings_of(measurement, seen.context)),
        _limits(seen, judgement),
    ]
    if judgement.outcome not in RATED and measurement.log:
        parts.append(_log(measurement.log))
    return "\n\n".join(parts)


def checked(measurement: Measurement) -> str:
    """The execution and its results, for another load tool than the judged one."""
    seen = MeasurementInputs(measurement, Context(), None)
    problem = problem_of(measurement)
    return "\n\n".join(
        [
            f"Cross-check with {measurement.tool} of run {measurement.run_id}: {measurement.file}",
            section("Execution", _execution(seen)),
            section("Results", [("problem", problem), *_results(seen, rated=not problem)]),
        ]
    )


def answers(measurement: Measurement) -> str:
    """The window in which the load tool checked every answer, and what was wrong."""
    seen = MeasurementInputs(measurement, Context(), None)
    checked = measurement.checked
    count = f"{checked.answers:,} by {measurement.tool}" if checked else ""
    wrong = wrong_in_window(measurement)
    return "\n\n".join(
        [
            f"Answers checked in run {measurement.run_id}: {measurement.file}",
            section("Execution", _execution(seen)),
            section(
                "Answers",
                [
                    ("problem", problem_of(measurement)),
                    ("checked", count),
                    ("wrong", wrong[1] if wrong else ("none" if checked else "")),
                ],
            ),
        ]
    )


def problem_of(measurement: Measurement) -> str:
    """Why there are no figures that can be compared."""
    of_tool = measurement.tool_problem.sentence if measurement.tool_problem else None
    problems = (measurement.harness_fault, measurement.unusable, of_tool)
    return next(filter(None, (*problems, *reversed(measurement.ready_errors))), "")


def cell_words(cell: Cell) -> str:
    """A cell in words."""
    return f"{cell.framework} on testbed {cell.testbed}: {in_words(cell, PLACE)}"


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def _execution(seen: MeasurementInputs) -> Pairs:
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


def _round(seen: MeasurementInputs) -> str:
    if not seen.measurement.round:  # at a constant rate
        return ""
    rounds = f" of {seen.rounds}" if seen.rounds else ""
    positions = f" of {seen.positions}" if seen.positions else ""
    return f"{seen.measurement.round}{rounds}, position {seen.measurement.position}{positions}"


def _when(measurement: Measurement) -> str:
    ended = f"ended {measurement.ended:%Y-%m-%d %H:%M:%S} UTC" if measurement.ended else ""
    duration = ""
    if measurement.measured_s:
        duration = f"{measurement.warmup_s:.1f} s of warm-up, then {measurement.measured_s:.1f} s"
    return "; ".join(word for word in (ended, duration) if word)


def _host(name: str | None, cpus: int | None) -> str:
    if name is None:
        return ""
    return f"{name}, {_count(cpus, 'CPU')}" if cpus else name


def _results(seen: MeasurementInputs, *, rated: bool) -> Pairs:
    """Only measured figures; a rate only if the outcome has one."""
    measurement = seen.measurement
    totals = measurement.totals
    if totals is None:
        problem = "has no usable result" if measurement.argv else "did not run"
        yield "measured", f"nothing: {measurement.tool} {problem}"
    else:
        yield from _counted(totals, seen, rated=rated)
    yield from _used(measurement)


def _counted(totals: Totals, seen: MeasurementInputs, *, rated: bool) -> Pairs:
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
        beyond = totals.slack(measurement.cell.depth)
        yield "slack", f"{beyond:,} responses beyond whole batches (0 to {most:,} are possible)"
        yield "busy", f"{totals.busy:.2f} of the connections' time lies in whole batches"
    if rated and measurement.steadiness is not None:
        slowest = "the rate of the slowest quarter of the time / that of the fastest"
        yield "steadiness", f"{measurement.steadiness:.2f}: {slowest}"


def _kept(measurement: Measurement) -> str:
    """How well a constant rate was kept."""
    kept, wanted = measurement.rate_kept, measurement.rate
    if kept is None or kept.achieved_per_s is None or not wanted:
        return ""
    share = kept.achieved_per_s / wanted
    late = f"; the sender was late by {formats.us(kept.send_lag_us)} at most"
    return f"{formats.integer(kept.achieved_per_s)} requests/s, {share:.3f} of the wanted{late}"


def _latency(latency: Latency | None, times: str) -> str:
    """As the tool recorded it, without a correction of its own."""
    if latency is None:
        return f"no complete {times}"
    points = {"p50": latency.p50_us, "p75": latency.p75_us, "p90": latency.p90_us}
    if latency.batches >= LEAST_BATCHES_OF_P99:
        points["p99"] = latency.p99_us
    percentiles = ", ".join(f"{name} {formats.us(value)}" for name, value in points.items())
    return (
        f"{percentiles}, max {formats.us(latency.max_us)}, mean {formats.us(latency.mean_us)} "
        f"({latency.batches:,} {PLURALS[times]})"
    )


def _bytes(totals: Totals, context: Context) -> str:
    if totals.bytes is None:
        return ""
    text = formats.size(totals.bytes)
    if totals.requests and totals.bytes is not None:
        text += f", {totals.bytes / totals.requests:,.1f} per response"
    if context.response_size:
        size, exact = context.response_size
        text += f" (over the run: {size:,}{'' if exact else ' at least'})"
    return text


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
    count = verified.wrong + verified.other
    wrong = f"{count:,} of {verified.batches:,} batches wrong" if count else "none wrong"
    return f"{verified.answered:,} of {asked} answered while the load went on, {wrong}"


def _used(measurement: Measurement) -> Pairs:
    cores, each = measurement.server_cpu_cores, measurement.server_cpu_us_per_request
    if cores is not None:
        request = f", {formats.us(each)} per request" if each is not None else ""
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
    """The outcome, and each broken rule with its sentence."""
    heading = f"Outcome: {judgement.outcome.value}"
    if not findings:
        rules = len(rule.all) - len(rule.of(When.LAST))
        return f"{heading}\n{INDENT}All {rules} rules are satisfied."
    sentences = []
    for finding in findings:
        weight = "" if finding.rule in judgement.rules else "; it is not part of the reason"
        sentences.append((finding.rule, f"{finding.sentence} ({finding.outcome.value}{weight})"))
    return section(heading, sentences)


def _limits(seen: MeasurementInputs, judgement: Judgement) -> str:
    """The candidates with their shares, and the disturbances of the measurement."""
    if judgement.outcome not in RATED:
        return wrapped("Limited by: not judged, because the outcome has no rate.")
    possible = candidates(seen.measurement, seen.path_capacity)
    bottleneck = bottleneck_of(seen.measurement, seen.path_capacity, seen.baselines)
    lines = [(one.limit.value, f"{_share(one.share)}  {one.sentence}") for one in possible]
    lines += [("disturbance", one.sentence) for one in bottleneck.disturbances]
    if not bottleneck.disturbances:
        lines.append(("disturbance", "none recorded"))
    reason = _why(bottleneck.limit, possible)
    return section(f"Limited by: {bottleneck.limit.value} ({reason})", lines)


def _why(limit: LimitedBy, possible: list[Candidate]) -> str:
    """In a few words, why it is this candidate, or none of them."""
    if limit == LimitedBy.WAITING:
        return "all were idle, so the connections waited"
    if limit == LimitedBy.UNKNOWN:
        all_known = all(one.share is not None for one in possible)
        return f"no {'' if all_known else 'known '}share is {NEAR:.2f} or more"
    return f"a share of {NEAR:.2f} or more is a limit"


def _share(share: float | None) -> str:
    return "   ?" if share is None else f"{share:.2f}"


def _log(log: str) -> str:
    """Its last lines, cut at the margin; those of the journal without day and host."""
    lines = [re.sub(JOURNAL_BEGINS, r"\1 ", line) for line in log.splitlines()[-LOG_LINES:]]
    room = COLUMNS - len(INDENT)
    return "\n".join(["The end of the log", *(f"{INDENT}{line[:room]}" for line in lines)])
