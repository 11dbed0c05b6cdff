"""Outcome and reason of one measurement, by rules.

Each rule checks one thing. The worst one that is broken gives the outcome. Its sentence is the
reason, with those of milder ones that explain it. A rule is one function here, declared by `rule`
(rule.py): its name is the function's, and the order of the functions is that of the sentences.
"""

import textwrap
from dataclasses import dataclass
from typing import NamedTuple

from pipebench.measure.measurement import Measurement
from pipebench.rules import answers, connections
from pipebench.rules.bottleneck import NEAR
from pipebench.rules.bottleneck import generator as generator_load
from pipebench.rules.conformance import Conformance
from pipebench.rules.conformance import sentence as probe_sentence
from pipebench.rules.memory import memory_growth
from pipebench.rules.rule import Broken, Outcome, Rules, When
from pipebench.tools import tools

# Below this share of their time, the connections waited for something other than batches.
BUSY_LEAST = 0.90
# A load tool's threads begin a little before its clock does, which cannot explain more than this.
BUSY_MOST = 1.05
# How far other programs that use all of a generator's CPUs may move that share, in both directions.
# While others used 1.4 of 2 CPUs, a healthy server had 0.83 to 1.06 in windows of 1 s.
BUSY_DISTURBED = 0.2
# Longest batch / window: servers on uvloop accept one connection per iteration of their loop.
IN_LINE_SHARE = 0.9
# Other programs of a generator open a connection now and then.
REOPENED_LEAST = 10
# Silence at the end of the window: a busy machine or a long batch may cause a shorter one.
QUIET_MOST_S = 0.5
QUIET_SHARE = 0.15
AT_ONCE = "CPython"
LONGEST_QUOTE = 160
HARNESS_FAULT = "harness fault"
NOT_DEPLOYED = "could not be deployed"


RATED = (Outcome.OK, Outcome.DEGRADED)
"""Outcomes whose rates and latencies mean something."""
_SEVERITY = list(Outcome)


class ResponseSize(NamedTuple):
    """Bytes of one response of a framework, from the whole run.

    exact: in some measurements, all bytes are this size times the number of responses; otherwise
    it is only the smallest quotient of the two.
    """

    bytes: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Context:
    """The input of a rule besides the measurement itself."""

    response_size: ResponseSize | None = None
    probe: Conformance | None = None
    """The probe of this framework; None if it was not probed."""
    answers: Measurement | None = None
    """The window of this cell in which every answer was checked."""
    role: str | None = None
    """Of the framework, as its description has it."""
    runtime: str | None = None
    """What runs it: "CPython 3.13.5 (system)"."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that was broken, by its name."""

    rule: str
    outcome: Outcome
    sentence: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """outcome and reason as the tables have them; rules: names of those that give the reason."""

    outcome: Outcome
    reason: str
    rules: tuple[str, ...] = ()


rule: Rules[Context] = Rules()
"""Declares a rule, and knows all of them."""


@rule(when=When.FIRST)
def harness_fault(measurement: Measurement, _context: Context) -> Broken | None:
    """A fault of the harness says nothing about the framework."""
    if measurement.harness_fault is None:
        return None
    sentence = f"{HARNESS_FAULT}: {measurement.harness_fault}"
    return Broken(Outcome.INVALID, sentence)


@rule("could not be deployed", "could not be deployed", place=10, when=When.FIRST)
def unavailable(measurement: Measurement, _context: Context) -> Broken | None:
    """The framework could not be deployed on this host."""
    if measurement.available:
        return None
    reason = measurement.unavailable_reason or "no reason was recorded"
    return Broken(Outcome.UNAVAILABLE, f"{NOT_DEPLOYED}: {reason}")


@rule("does not start", "do not start", place=20)
def did_not_start(measurement: Measurement, _context: Context) -> Broken | None:
    """The server never answered its first request."""
    if not measurement.ready_errors:
        return None
    return Broken(Outcome.FAILED, f"did not start: {'; '.join(measurement.ready_errors)}")


@rule("crashes", "crash", place=30)
def crashed(measurement: Measurement, _context: Context) -> Broken | None:
    """The unit must still be active when the measurement is over."""
    end = measurement.unit_end
    if end is None:
        return None
    sentence = f"{end.how} {end.when}" if end.when else end.how
    if end.answered is not None:
        sentence += f"; {end.answered:,} requests answered before"
    return Broken(Outcome.FAILED, sentence)


@rule("restarts under load", "restart under load", place=40)
def restarted(measurement: Measurement, _context: Context) -> Broken | None:
    """The process measured must be the one that became ready."""
    if not measurement.restarts or measurement.unit_end:
        return None
    times = "once" if measurement.restarts == 1 else f"{measurement.restarts} times"
    return Broken(Outcome.FAILED, f"its process was replaced {times} under load")


@rule("answers nothing", "answer nothing", place=70)
def no_requests(measurement: Measurement, _context: Context) -> Broken | None:
    """A load tool may end as if all were well even if it got no answer."""
    if measurement.totals is None or measurement.totals.requests or measurement.unit_end:
        return None
    return Broken(
        Outcome.FAILED,
        f"0 requests answered in {measurement.totals.duration_s:.1f} s",
    )


@rule("answers no batch in full", "answer no batch in full", place=90)
def no_batches(measurement: Measurement, _context: Context) -> Broken | None:
    """Answers, but no complete batch: the server hangs, or the window ends before the first."""
    totals, depth = measurement.totals, measurement.cell.depth
    if totals is None or not totals.requests or totals.latency or totals.errors.get("timeout"):
        return None
    if not measurement.of_batches:
        return None
    each, rest = divmod(totals.requests, totals.opened)
    alone = measurement.reopened is not None and measurement.reopened <= reopened_tolerance(
        totals.opened
    )
    undisturbed = alone and not any(totals.errors.values())
    if undisturbed and measurement.quiet_s is not None and measurement.quiet_s < QUIET_MOST_S:
        return Broken(
            Outcome.DEGRADED,
            f"answered {totals.requests:,} requests on {totals.opened:,} connections up to the end "
            f"of {totals.duration_s:.1f} s, but not one batch of {depth} in full: "
            "the window is too short",
        )
    if 0 < each < depth and not rest and undisturbed:
        sentence = (
            f"answered {each} of {depth} in each batch, "
            f"then hung on all {totals.opened:,} connections"
        )
    else:
        sentence = (
            f"answered {totals.requests:,} requests on {totals.opened:,} connections "
            f"in {totals.duration_s:.1f} s, but not one batch of {depth} in full"
        )
    return Broken(Outcome.FAILED, sentence)


@rule("hangs", "hang", place=50)
def hung(measurement: Measurement, _context: Context) -> Broken | None:
    """Once batches were answered, something must arrive until the end of the window."""
    totals, quiet_s = measurement.totals, measurement.quiet_s
    if totals is None or totals.latency is None or quiet_s is None or measurement.unit_end:
        return None
    longest_s = totals.latency.max_us / 1e6
    if quiet_s < max(QUIET_MOST_S, QUIET_SHARE * totals.duration_s, 3 * longest_s):
        return None
    return Broken(
        Outcome.FAILED,
        f"hung on all {totals.opened:,} connections after {totals.requests:,} answers: "
        f"nothing came in the last {quiet_s:.1f} of {totals.duration_s:.1f} s",
    )


@rule("answers wrongly under load", "answer wrongly under load", place=60)
def wrong_under_load(measurement: Measurement, context: Context) -> Broken | None:
    """What is answered on further connections before and beside the load must be right."""
    sentence = answers.wrong_beside(measurement, context.role)
    return Broken(Outcome.FAILED, sentence) if sentence else None


@rule("answers wrongly under load", "answer wrongly under load", place=61)
def wrong_answers(_measurement: Measurement, context: Context) -> Broken | None:
    """Every answer of the further window in which the load tool checked them must be right."""
    wrong = answers.wrong_in_window(context.answers)
    return Broken(*wrong) if wrong else None


@rule("refuses connections", "refuse connections", place=80)
def tool_failed(measurement: Measurement, _context: Context) -> Broken | None:
    """Whatever keeps a load tool from a result is the server's failure only if nothing else can."""
    problem = measurement.tool_problem
    if problem is None:
        return None
    if problem.of_server and measurement.unit_end:
        return None  # the server is gone: `crashed` gives the reason
    outcome = Outcome.FAILED if problem.of_server else Outcome.INVALID
    return Broken(outcome, problem.sentence)


@rule()
def unusable(measurement: Measurement, _context: Context) -> Broken | None:
    """Figures that the load tool or the kernel cannot have counted are not used."""
    if measurement.unusable is None:
        return None
    return Broken(Outcome.INVALID, measurement.unusable)


@rule(when=When.LAST)
def not_measured(measurement: Measurement, _context: Context) -> Broken | None:
    """A record without a measurement must say why."""
    if measurement.totals or measurement.unusable or measurement.tool_problem:
        return None
    return Broken(Outcome.INVALID, "it has neither a measurement nor a reason for its absence")


@rule("causes errors", "cause errors", place=150)
def tool_errors(measurement: Measurement, _context: Context) -> Broken | None:
    """The load tool's own error counters must be 0."""
    if measurement.totals is None or not any(measurement.totals.errors.values()):
        return None
    counts = [f"{count:,} {kind}" for kind, count in measurement.totals.errors.items() if count]
    return Broken(Outcome.DEGRADED, f"{measurement.tool} counted errors: {', '.join(counts)}")


@rule("closes connections", "close connections", place=110)
def reconnected(measurement: Measurement, _context: Context) -> Broken | None:
    """A load tool opens its connections once, unless the server closes them."""
    totals, more = measurement.totals, measurement.reopened
    if totals is None or more is None or measurement.unit_end or not totals.requests:
        return None
    if more <= reopened_tolerance(totals.opened):
        return None
    sentence = f"opened {totals.opened + more:,} connections instead of {totals.opened:,}"
    batches = totals.latency.batches if totals.latency else 0
    timed = tools()[measurement.tool].times
    failed = sum(totals.errors.get(kind, 0) for kind in ("connect", "read", "write"))
    # an announced close may be no error to the load tool: it connects again without waiting for it
    closes = "it closes" if failed >= more / 2 else "it closes, or says that it will,"
    if totals.errors.get("read", 0) >= more / 2:  # what it cannot read may count as such an error
        closes = "it closes, or sends what is not an answer,"
    if 0.9 <= more / max(1, batches) <= 1.1:
        sentence += f": {closes} after each {timed}"
    elif totals.errors.get("write", 0) >= more / 2:
        sentence += ": most failed at once, as if nothing listened on the port"
    elif more > batches:
        sentence += f": {closes} within a {timed}"
    return Broken(Outcome.DEGRADED, sentence)


def reopened_tolerance(opened: int) -> int:
    """Connections that other programs of the generator may have opened meanwhile."""
    return max(REOPENED_LEAST, opened // 10)


@rule("sends too many or too few answers", "send too many or too few answers", place=140)
def slack(measurement: Measurement, context: Context) -> Broken | None:
    """Responses beyond complete batches must belong to batches that the window's end cut off."""
    totals, depth = measurement.totals, measurement.cell.depth
    if totals is None or totals.latency is None or measurement.unit_end:
        return None
    if not measurement.of_batches:
        return None
    most = totals.opened * (depth - 1)
    beyond = totals.slack(depth)
    if 0 <= beyond <= most:
        return None
    cause = answers.interim(measurement, context.answers)
    sentence = (
        f"{beyond:,} responses beyond whole batches of {depth} "
        f"(0 to {most:,} on {totals.opened:,} connections are possible)"
    )
    return Broken(Outcome.DEGRADED, f"{sentence}: {cause}" if cause else sentence)


@rule("leaves connections waiting", "leave connections waiting", place=160)
def silent(measurement: Measurement, context: Context) -> Broken | None:
    """Every connection has a request under way all the time, so something must come on each."""
    totals, served = measurement.totals, measurement.served
    silences = connections.silent(measurement)
    if not silences or totals is None or totals.latency is None or served is None:
        return None
    if measurement.unit_end or hung(measurement, context):
        return None
    sentence = connections.sentence(silences, served, totals.latency.max_us / 1e6)
    return Broken(Outcome.DEGRADED, sentence)


@rule("leaves connections waiting", "leave connections waiting", place=170)
def busy(measurement: Measurement, _context: Context) -> Broken | None:
    """Connections that wait only for answers are busy all the time (Little's law).

    A tool that times requests has `depth` of them under way on each connection.

    Only for records that do not say how each connection was served, and not if the generator was at
    its limit: then a thread of the tool that waits for a CPU looks like a connection that hung.
    """
    totals = measurement.totals
    if totals is None or totals.latency is None or measurement.unit_end:
        return None
    if measurement.rate or measurement.served or (generator_load(measurement).share or 0) >= NEAR:
        return None
    # a batch that the end cut off is not in the histogram: that much of the window may be missing
    unfinished = totals.latency.weighted_mean_us / (totals.duration_s * 1e6)
    between_us = _between_batches_us(measurement, totals.latency.batches)
    between = between_us / (totals.latency.mean_us + between_us)
    disturbed = BUSY_DISTURBED * _taken_by_others(measurement)
    least = BUSY_LEAST - unfinished - between - disturbed
    busy = totals.busy / (1 if measurement.of_batches else measurement.cell.depth)
    if least <= busy <= BUSY_MOST + disturbed:
        return None
    reconnects = measurement.reopened is not None and measurement.reopened > reopened_tolerance(
        totals.opened
    )
    # a connection waited nearly all the window for its first batch: others may still wait
    in_line = (
        totals.latency.max_us
        >= IN_LINE_SHARE * (totals.duration_s - tools()[measurement.tool].tick_s) * 1e6
    )
    if busy < least and in_line and not reconnects:
        return None
    if busy > 1:
        why = "more time than there was"
    elif measurement.reopened is None:
        why = "some connections hung or reconnected"
    else:
        why = "the rest went into reconnecting" if reconnects else "some connections hung"
    batches = "batches" if measurement.of_batches else "requests"
    return Broken(
        Outcome.DEGRADED,
        f"its {batches} fill {busy:.2f} of the connections' time "
        f"(a healthy server: {BUSY_LEAST:.2f} to 1.00): {why}",
    )


def _between_batches_us(measurement: Measurement, batches: int) -> float:
    """The time that the load tool may need between two batches, us.

    A thread of it writes the next batch one iteration of its loop after it has read the last one,
    and in an iteration it may have to serve all its connections. With 128 of them, batches of the
    ceiling that lasted 1.3 ms were 1.2 to 1.6 ms apart, which was half of the CPU time for 128
    batches.
    """
    cores, totals = measurement.generator_cpu_cores, measurement.totals
    least = tools()[measurement.tool].between_batches_us
    if cores is None or totals is None:
        return least
    connections = totals.opened / (measurement.threads * len(measurement.loads))
    return max(least, connections * cores * totals.duration_s * 1e6 / batches)


def _taken_by_others(measurement: Measurement) -> float:
    """Share of the CPUs that other programs used, on the most disturbed generator."""
    shares = [
        usage.other_cores / load.cpus
        for load, usage in zip(measurement.loads, measurement.generator_usages, strict=True)
        if usage and usage.other_cores is not None and load.cpus
    ]
    return min(1.0, max(shares, default=0.0))


@rule("answers wrongly", "answer wrongly", place=130)
def answered_otherwise(measurement: Measurement, context: Context) -> Broken | None:
    """The load's answers must be of the size that the same requests have before and beside it."""
    sentence = answers.of_another_size(measurement, context.answers)
    return Broken(Outcome.DEGRADED, sentence) if sentence else None


@rule("answers wrongly", "answer wrongly", place=131)
def response_size(measurement: Measurement, context: Context) -> Broken | None:
    """Every response has the same size; only the last one of a connection may be incomplete."""
    totals = measurement.totals
    if totals is None or not totals.requests or context.response_size is None:
        return None
    seen = answers.sizes(measurement)
    if totals.bytes is None or (seen and seen.most > seen.least):
        return None
    size, exact = context.response_size
    more = totals.bytes - totals.requests * size
    # what the load tool could not read is in its errors, and not in its bytes
    if -totals.uncounted_bytes <= more <= totals.opened * size:
        return None
    each, rest = divmod(totals.bytes, totals.requests)
    responses = f"{totals.requests:,} responses"
    if not exact:
        average = totals.bytes / totals.requests
        sentence = f"its {responses} are not all of one size: {average:.1f} bytes on average"
        if measurement.reopened is not None and measurement.reopened > reopened_tolerance(
            totals.opened
        ):
            sentence += ", as if some announced that the connection closes"
    elif not rest:
        others = f"in its other measurements, {size:,}"
        sentence = f"each of its {responses} has {each:,} bytes; {others}"
    else:
        than = "more" if more > 0 else "fewer"
        share = 100 * abs(more) / (totals.requests * size)
        sentence = (
            f"sent {abs(more):,} bytes ({share:.2g} %) {than} "
            f"than its {responses} of {size:,} bytes have: "
        )
        if more < 0:
            sentence += "some were cut short, or were other responses"
        elif more % size == 0:
            sentence += (
                f"as many as one response too many in every {totals.requests * size / more:,.0f}"
            )
        else:
            sentence += "some were longer, or were followed by bytes that belong to no response"
    return Broken(Outcome.DEGRADED, sentence)


@rule("leaks memory", "leak memory", place=120)
def memory(measurement: Measurement, context: Context) -> Broken | None:
    """Memory must not grow by much and in all of the window: it would run out.

    Of a runtime that frees what nothing refers to at once: a heap that grows until it is collected
    for the first time is not told from a leak.
    """
    grown = memory_growth(measurement)
    if grown is None or not (context.runtime or "").startswith(AT_ONCE):
        return None
    return Broken(Outcome.DEGRADED, f"{grown}: it leaks")


@rule("logs under load", "log under load", place=180)
def journal(measurement: Measurement, _context: Context) -> Broken | None:
    """A server logs something under load only if something is wrong."""
    lines = measurement.journal_lines
    if not lines or measurement.totals is None:
        return None
    first = textwrap.shorten(lines[0], LONGEST_QUOTE, placeholder=" ...")
    count = len(lines)
    written = (
        "a line into its journal under load"
        if count == 1
        else (f"{count:,} lines into its journal under load, the first")
    )
    return Broken(Outcome.DEGRADED, f"wrote {written}: {first}")


@rule("fails the pipelining probe", "fail the pipelining probe", place=100)
def probe(measurement: Measurement, context: Context) -> Broken | None:
    """The probe's cases that a pipelined measurement relies on must conform."""
    broken = probe_sentence(context.probe) if context.probe else None
    if broken is None or measurement.harness_fault:
        return None
    return Broken(Outcome.DEGRADED, broken)


def judge(measurement: Measurement, context: Context) -> Judgement:
    """The outcome and reason of one measurement."""
    return _judgement(findings_of(measurement, context))


def findings_of(measurement: Measurement, context: Context) -> list[Finding]:
    """The findings of all rules, in their order; also those that are too mild for the reason."""
    for when in When:
        findings = [
            Finding(one.name, *broken)
            for one in rule.of(when)
            if (broken := one.check(measurement, context))
        ]
        if findings:
            return findings[:1] if when is When.FIRST else findings
    return []


def _judgement(findings: list[Finding]) -> Judgement:
    if not findings:
        return Judgement(Outcome.OK, "")
    worst = max((finding.outcome for finding in findings), key=_SEVERITY.index)
    reasons = [
        finding
        for finding in findings
        # a failure has all its findings; an invalid record has none that come from its figures
        if finding.outcome == worst
        or (worst == Outcome.FAILED and finding.outcome == Outcome.DEGRADED)
    ]
    return Judgement(
        worst,
        "; ".join(finding.sentence for finding in reasons),
        tuple(finding.rule for finding in reasons),
    )
