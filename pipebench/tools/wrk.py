"""wrk with pipeline.lua: batches of `depth` requests, and its correction of latencies undone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from msgspec import Raw, Struct

from pipebench.record.checks import check_version
from pipebench.record.columns import Histogram, histogram_of
from pipebench.record.limits import Count, Positive
from pipebench.record.reading import parse
from pipebench.record.schema import PROGRAM_VERSION, Record, RecordError, ToolRun
from pipebench.record.values import line
from pipebench.tools.tool import (
    CheckedAnswers,
    Counts,
    LatencyError,
    Problem,
    Tool,
    ending,
    signal_name,
)

EMPTY = Raw(b"[]")
READ_BYTES = 8192
"""wrk reads so many at once (RECVBUF). If it cannot understand one of them, it counts an error and
the responses before that, and none of the bytes."""


class Errors(Struct, frozen=True):
    """wrk's own counters."""

    connect: Count
    read: Count
    write: Count
    status: Count
    timeout: Count


class Latencies(Struct, frozen=True, kw_only=True):
    """wrk's histogram in us. complete: with what its correction has put below min_us."""

    min_us: int | float | None = None
    complete: bool
    histogram: Raw = EMPTY


class Checked(Struct, frozen=True, kw_only=True):
    """Every answer, if pipeline.lua checked them; other_statuses: by the status."""

    answers: Count
    other_statuses: dict[str, Count] = {}
    wrong_body: Count
    lacking_field: Count
    first_wrong: str = ""


class WrkResult(Struct, frozen=True, kw_only=True):
    """What pipeline.lua writes. latency: a warm-up is kept without it."""

    schema_version: int
    depth: Positive
    threads: Positive
    duration_us: Positive
    requests: Count
    bytes: Count
    errors: Errors
    latency: Latencies | None = None
    checked: Checked | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrkCounts(Counts):
    """What its correction needs to be undone. connections: as given to wrk by -c."""

    duration_us: int
    connections: int
    complete: bool
    min_us: int | None

    def latencies(self) -> Histogram:
        return recover(self)


class Wrk(Tool):
    name = "wrk"
    times = "batch"
    tried = 1
    # With the ceiling it needed 0.11 to 0.13 of the time, beside batches of 1 ms.
    between_batches_us = 300
    tick_s = 0.1
    options: ClassVar = {"connections": "`-c` of wrk", "threads": "`-t` of wrk"}
    errors: ClassVar = {
        "connect": "as wrk counts them; a refused connection is usually not counted here",
        "read": "a connection that the server closed without saying so is one",
        "write": "as wrk counts them",
        "status": "with a status above 399",
        "timeout": "that took longer than wrk's `--timeout`; they are in no latency",
    }
    uncorrected = "wrk's correction"
    misprints = (
        "wrk corrects its histogram as if every response were a\n"
        "sample; with pipelining, this adds samples that were never taken."
    )
    unnamed_in = "raw"

    def opens(self, connections: int, threads: int) -> int:
        return max(1, connections // threads) * threads

    def counts(self, execution: ToolRun, record: Record, name: str) -> WrkCounts:
        result = parse(execution.result, WrkResult, f"result of {name}")
        check_version(result.schema_version, f"result of {name}", (PROGRAM_VERSION,))
        if result.depth != record.depth:
            raise RecordError(f"result of {name} is of depth {result.depth}, not {record.depth}")
        if result.threads != record.threads:
            raise RecordError(
                f"result of {name} is of {result.threads} threads, not {record.threads}"
            )
        share = record.connections // len(record.generators)
        connections = connections_of(execution.argv) or share
        latency = result.latency or Latencies(complete=False)
        histogram = histogram_of(latency.histogram, f"latency of result of {name}")
        # without one batch wrk holds no smallest value, whatever stands there
        is_known = latency.min_us is not None and len(histogram[0])
        least = int(latency.min_us or 0) if is_known else None
        errors = result.errors
        return WrkCounts(
            threads=result.threads,
            requests=result.requests,
            bytes=result.bytes,
            uncounted_bytes=errors.read * READ_BYTES,
            duration_s=result.duration_us / 1e6,
            requests_per_s=result.requests / result.duration_us * 1e6,
            errors={kind: getattr(errors, kind) for kind in errors.__struct_fields__},
            opened=self.opens(connections, result.threads),
            histogram=histogram,
            duration_us=result.duration_us,
            connections=connections,
            complete=latency.complete,
            min_us=least,
            checked=checked_answers(result.checked, result.requests) if result.checked else None,
        )

    def problem(self, execution: ToolRun, counts: Counts | None) -> Problem | None:
        if execution.exit_status == 0 and counts:
            return None
        if execution.received_still:
            sentence = "it sent on, unasked, so that wrk did not end"
            return Problem(sentence, of_server=True)
        status = execution.exit_status
        how = f"status {status}" if status >= 0 else signal_name(-status)
        # wrk gives up at once if it cannot connect; any other failure may be its own
        return Problem(
            f"wrk ended with {how} and no result{ending(execution)}",
            of_server="unable to connect" in execution.stdout + execution.stderr,
        )


def checked_answers(checked: Checked, requests: int) -> CheckedAnswers:
    """wrk counts an answer without a header field, and does not hand it to the script."""
    return CheckedAnswers(
        answers=checked.answers,
        statuses={
            int(status): count
            for status, count in checked.other_statuses.items()
            if re.fullmatch(r"[1-9][0-9]{2}", status)
        },
        wrong_body=checked.wrong_body,
        lacking_field=checked.lacking_field,
        bare=max(0, requests - checked.answers),
        first_wrong=line(checked.first_wrong),
    )


def connections_of(argv: list[str]) -> int | None:
    """What wrk was given by -c or --connections (-c200, -c 200, --connections=200)."""
    for word, following in pairwise([*argv, ""]):
        if word == "--":
            return None
        match = re.fullmatch(r"(?:-c|--connections=?)(\d*)", word)
        if match and (match[1] or following).isdigit():
            return int(match[1] or following)
    return None


def correction_interval(duration_us: int, requests: int, connections: int) -> int | None:
    """What wrk expected between two samples of a connection, in us, by its integer arithmetic.

    None: wrk corrected nothing, having answered fewer requests than it had connections.
    """
    per_connection = requests // connections
    return duration_us // per_connection if per_connection else None


def recover(result: WrkCounts) -> Histogram:
    """Undo wrk's correction for coordinated omission (stats_correct() in wrk's stats.c).

    Returns values (us, increasing) and counts (all > 0), one batch a count.

    wrk adds to every n > E (E: the interval) the recorded counts of n + E, n + 2 E, ...; so the
    corrected count of n + E already is that sum, and the recorded count of n is the difference
    of the two. That equals method's walk from the largest value down, in one step.
    Counts below wrk's own minimum are phantoms; only a complete histogram has them at all.

    LatencyError: a recovered count is negative, or one below the minimum is not 0.
    """
    values, counts = result.histogram
    interval = correction_interval(result.duration_us, result.requests, result.connections)
    if not len(values) or interval is None:
        return values[counts > 0], counts[counts > 0]
    if interval == 0:
        if not values.any():  # of a server that answers unasked: wrk had nothing to correct
            return values[counts > 0], counts[counts > 0]
        raise LatencyError("wrk's correction cannot be undone: its interval is 0 us")
    minimum = int(values[0]) if result.min_us is None else result.min_us

    targets = values - interval
    adds = (targets > interval) & (counts > 0)
    if not result.complete:
        adds &= targets >= minimum
    targets, phantoms = targets[adds], counts[adds]
    places = np.searchsorted(values, targets)
    missing = values[places] != targets
    if missing.any():
        raise LatencyError(
            "wrk's correction cannot be undone: "
            f"{-int(phantoms[missing][0])} batches would be left at {int(targets[missing][0])} us"
        )
    recorded = counts.copy()
    recorded[places] -= phantoms
    if (recorded < 0).any():
        worst = int(np.argmin(recorded))
        raise LatencyError(
            "wrk's correction cannot be undone: "
            f"{int(recorded[worst])} batches would be left at {int(values[worst])} us"
        )
    if recorded[values < minimum].any():
        raise LatencyError(
            "wrk's correction cannot be undone: batches would be left "
            f"below the smallest that wrk saw, {minimum} us"
        )
    seen = recorded > 0
    return values[seen], recorded[seen]


TOOL = Wrk()
