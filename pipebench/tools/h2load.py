"""h2load with HTTP/1.1: a window of `depth` requests that slides, or a constant rate."""

from __future__ import annotations

import re
from typing import ClassVar

import numpy as np
from msgspec import Raw, Struct

from pipebench.record.columns import histogram_of
from pipebench.record.limits import Count
from pipebench.record.reading import parse
from pipebench.record.schema import Record, ToolRun
from pipebench.tools.tool import Counts, Problem, RateKept, Tool

EMPTY = Raw(b"[]")
EDGE = 0.1
"""Share of a constant-rate run at either end in which connections still begin, or end already."""


class H2loadResult(Struct, frozen=True, kw_only=True):
    """What is made of its log; the latencies are in us.

    With a rate: what was sent in the first settle_us is not in the histogram; sent and answered
    are requests in each slot_us.
    """

    responses: Count
    statuses: dict[str, Count] = {}
    histogram: Raw = EMPTY
    settle_us: Count = 0
    slot_us: Count = 0
    sent: list[Count] = []
    answered: list[Count] = []


class H2load(Tool):
    name = "h2load"
    times = "request"
    keeps_rate = True
    options: ClassVar = {"depth": "h2load's `-m`"}
    errors: ClassVar = {"status": "with another status than 200"}
    paced = "h2load sends in ticks of 10 ms; a longer delay in sending is not part of the latency."
    unnamed_in = "crosscheck"

    def opens(self, connections: int, threads: int) -> int:  # noqa: ARG002 (shared among them)
        return connections

    def counts(self, execution: ToolRun, record: Record, name: str) -> Counts:
        result = parse(execution.result, H2loadResult, f"result of {name}")
        seconds = option(execution.argv, "-D") or max(execution.ended - execution.started, 1e-6)
        printed = counted(execution.stdout)
        others = {status: n for status, n in result.statuses.items() if status != "200"}
        return Counts(
            threads=option(execution.argv, "-t") or record.threads,
            requests=result.responses,
            bytes=bytes_of(execution.stdout),
            duration_s=seconds,
            requests_per_s=result.responses / seconds,
            errors={"failed": printed.get("failed", 0), "status": sum(others.values())},
            opened=option(execution.argv, "-c") or record.connections,
            histogram=histogram_of(result.histogram, f"result of {name}"),
            rate_kept=RateKept(achieved(result), send_lag_us(result, record.rate))
            if record.rate
            else None,
        )

    def problem(self, execution: ToolRun, counts: Counts | None) -> Problem | None:
        if sentence := seen_of_server(execution, counts):
            return Problem(sentence, of_server=True)
        sentence = own_problem(execution, counts)
        return Problem(sentence) if sentence else None


def seen_of_server(execution: ToolRun, counts: Counts | None) -> str | None:
    """What the server did, or did not do."""
    if execution.exit_status == -9:
        return "h2load had to be ended: it waited for answers"
    if execution.exit_status != 0 or counts is None:
        return None
    if not counts.requests:
        return "h2load got no answer"
    if counts.errors["failed"]:
        return f"h2load counted {counts.errors['failed']} failed requests"
    others = counts.errors["status"]
    return f"{others} responses had another status than 200" if others else None


def own_problem(execution: ToolRun, counts: Counts | None) -> str | None:
    """What h2load did, or could not do."""
    if execution.exit_status != 0:
        return f"h2load ended with status {execution.exit_status}"
    if counts is None:
        return "h2load left no log"
    done = counted(execution.stdout).get("done")
    if done != counts.requests:
        return f"h2load counted {done} responses, its log has {counts.requests}"
    return None


def option(argv: list[str], letter: str) -> int | None:
    """The number that h2load was given by an option: 5 by -D5; None without it."""
    given = [word[2:] for word in argv if re.fullmatch(rf"{letter}\d+", word)]
    return int(given[0]) if given else None


def counted(text: str) -> dict[str, int]:
    """The line `requests:` of what h2load prints, by its words; nothing if there is none."""
    line = re.search(r"^requests: (.*)$", text, flags=re.MULTILINE)
    pairs = re.findall(r"(\d+) (\w+)", line[1]) if line else []
    return {word: int(number) for number, word in pairs}


def bytes_of(text: str) -> int | None:
    """What h2load read, by its line `traffic:`; None if it did not count all of it.

    Of connections that the server closed, it counts headers and bodies, and not always the bytes.
    """
    parts = r"\((\d+)\) total, \S+ \((\d+)\) headers .*, \S+ \((\d+)\) data"
    line = re.search(rf"^traffic: \S+ {parts}", text, flags=re.MULTILINE)
    total, headers, bodies = map(int, line.groups()) if line else (0, 0, 0)
    return total if line and total >= headers + bodies else None


def achieved(result: H2loadResult) -> float | None:
    """Answers per second at a constant rate, without the two ends."""
    slots = len(result.answered)
    edge = int(slots * EDGE)
    inner = result.answered[edge : slots - edge]
    if not inner or not result.slot_us:
        return None
    return sum(inner) / (len(inner) * result.slot_us / 1e6)


def send_lag_us(result: H2loadResult, rate: float) -> float | None:
    """How much later than at its best moment the sender ever was: what the latency does not hold.

    Counted between the beginning of the connections and their end, in slots; a slot of jitter is
    in it by design.
    """
    if not result.slot_us:
        return None
    slots = np.arange(1, len(result.sent) + 1)
    lag = slots * result.slot_us - np.cumsum(result.sent, dtype=np.int64) / rate * 1e6
    inner = lag[result.settle_us // result.slot_us : int(len(slots) * (1 - EDGE))]
    return float(inner.max() - inner.min()) if len(inner) else None


TOOL = H2load()
