"""What the controller must know of a load tool: its limits, and what its answer means."""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from pipebench.record.columns import Histogram
from pipebench.record.schema import Record, ToolRun


class LatencyError(Exception):
    """A histogram cannot be what the tool counted; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an execution has no figures, or none that can be compared.

    of_server: whether only the server can be the cause; else nobody is accused.
    """

    sentence: str
    of_server: bool = False


@dataclass(frozen=True, slots=True)
class RateKept:
    """How well a constant rate was kept.

    achieved_per_s: answers per second, without the two ends of the window. send_lag_us: how much
    later than at its best moment the sender ever was, which no latency shows.
    """

    achieved_per_s: float | None
    send_lag_us: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedAnswers:
    """What a load tool that checked every answer counted.

    statuses: other than 200. wrong_body: with 200 and another body. lacking_field: right but for a
    header field that the answer before the load had. bare: without any header field, so that the
    tool could not check them. first_wrong: as a text, or empty.
    """

    answers: int
    statuses: dict[int, int]
    wrong_body: int
    lacking_field: int
    bare: int
    first_wrong: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What one execution of a load tool counted.

    requests: that were answered. bytes: of the answers; None if they were not counted.
    uncounted_bytes: so many it may have read besides, as what it cannot read it may not count.
    duration_s: of the window, by the tool's own clock if it says so. errors: by the tool's own
    words. opened: connections that it keeps open. checked: None if answers were not checked.
    """

    threads: int
    requests: int
    bytes: int | None
    duration_s: float
    requests_per_s: float
    errors: dict[str, int]
    opened: int
    histogram: Histogram
    uncounted_bytes: int = 0
    rate_kept: RateKept | None = None
    checked: CheckedAnswers | None = None

    def latencies(self) -> Histogram:
        """What was recorded: values in us, increasing, and counts above 0.

        LatencyError: the tool's histogram contradicts the rest.
        """
        return self.histogram


class Tool(ABC):
    """One load tool. Its threads end within 0.1 s of its time."""

    name: ClassVar[str]
    times: ClassVar[Literal["batch", "request"]]
    """What its latencies are of."""
    keeps_rate: ClassVar[bool] = False
    """Whether it can send at a constant rate."""
    tried: ClassVar[int] = 0
    """Connections that it opens besides those under load, to see whether somebody listens."""
    between_batches_us: ClassVar[float] = 300
    """The time that it may need between two batches while its threads share CPUs, even if each has
    few connections."""
    tick_s: ClassVar[float] = 0.1
    """Its threads stop on time, and its clock so much later at most."""
    options: ClassVar[Mapping[str, str]] = {}
    """Its options in words, by what they are given: `connections`, `threads`, `depth`."""
    errors: ClassVar[Mapping[str, str]] = {}
    """What it counts as an error, in words, by its own word for it."""
    uncorrected: ClassVar[str] = ""
    """What its recorded latencies are without, if it corrects them."""
    misprints: ClassVar[str] = ""
    """Why the latencies in its own output are wrong; empty if they are right."""
    paced: ClassVar[str] = ""
    """How exactly it sends at a constant rate."""
    unnamed_in: ClassVar[str | None] = None
    """The folder of a run in which records of version 1, which name no tool, are of this one."""

    @abstractmethod
    def opens(self, connections: int, threads: int) -> int:
        """How many connections it opens if it is given so many, and so many threads."""

    @abstractmethod
    def counts(self, execution: ToolRun, record: Record, name: str) -> Counts:
        """What it counted in an execution with a result. name: the execution's, for a sentence.

        RecordError: the result cannot be used.
        """

    @abstractmethod
    def problem(self, execution: ToolRun, counts: Counts | None) -> Problem | None:
        """Why an execution has no figures, or none that can be compared; None if it has.

        counts: None if it left no result.
        """


def ending(execution: ToolRun) -> str:
    """The last line that it printed, after a colon; nothing if it printed nothing."""
    lines = (execution.stderr.strip() or execution.stdout.strip()).splitlines()
    return f": {lines[-1].strip()}" if lines else ""


def signal_name(number: int) -> str:
    """SIGSEGV for 11."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
