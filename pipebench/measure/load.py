"""The load generators' part of one measurement: executions of the load tool, and samples."""

from __future__ import annotations

from dataclasses import dataclass

from pipebench.record.columns import Samples, samples_of
from pipebench.record.schema import (
    NOTHING,
    Connections,
    Execution,
    Generator,
    Record,
    Verification,
)
from pipebench.tools.tool import Counts, Tool


@dataclass(frozen=True, slots=True)
class Ran:
    """One execution of a load tool; counts: None if it has no result."""

    execution: Execution
    counts: Counts | None

    @property
    def started(self) -> float:
        return self.execution.started

    @property
    def ended(self) -> float:
        return self.execution.ended

    @property
    def stopped(self) -> float:
        """When the tool's own clock stopped: after that it makes no load."""
        duration_s = self.counts.duration_s if self.counts else self.ended - self.started
        return min(self.ended, self.started + duration_s)


@dataclass(frozen=True, slots=True)
class Load:
    """One load generator's part. The host's samples cover warm-up and measurement."""

    host: str
    cpus: int | None
    ready_error: str | None
    samples: Samples
    warmup: Ran | None
    measured: Ran | None
    connections: Connections | None
    verification: Verification | None

    @property
    def executions(self) -> list[Ran]:
        return [ran for ran in (self.warmup, self.measured) if ran]


@dataclass(frozen=True, slots=True)
class Window:
    """The time of the measured load, in unix seconds by the generators' clocks."""

    started: float
    ended: float


def loads_of(record: Record, tool: Tool) -> list[Load]:
    """Every generator's part. RecordError: the output of a tool or a sampler cannot be used."""
    return [
        _load(one, f"generator {n}", record, tool) for n, one in enumerate(record.generators, 1)
    ]


def _load(generator: Generator, name: str, record: Record, tool: Tool) -> Load:
    def ran(execution: Execution | None, phase: str) -> Ran | None:
        if execution is None:
            return None
        has_result = execution.result != NOTHING
        counts = tool.counts(execution, record, f"{phase} of {name}") if has_result else None
        return Ran(execution, counts)

    return Load(
        host=generator.host,
        cpus=generator.cpus,
        ready_error=generator.ready_error,
        samples=samples_of(generator.samples, name),
        warmup=ran(generator.warmup, "warmup"),
        measured=ran(generator.measured, "measured"),
        connections=generator.connections,
        verification=generator.verification,
    )


def window_of(executions: list[Ran]) -> Window | None:
    """From the first start to the last end; None without an execution."""
    if not executions:
        return None
    return Window(min(one.started for one in executions), max(one.ended for one in executions))


def all_of(loads: list[Load]) -> list[Ran]:
    """All executions, warm-ups and measurements."""
    return [ran for load in loads for ran in load.executions]
