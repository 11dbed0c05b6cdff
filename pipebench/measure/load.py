"""The load generators' part of one measurement: executions of the load tool, and samples."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from msgspec.structs import replace

from pipebench.record.columns import Samples, samples_of
from pipebench.record.schema import NOTHING, Connections, Generator, Record, ToolRun, Verification
from pipebench.tools.tool import Counts, Tool


@dataclass(frozen=True, slots=True)
class Ran:
    """One execution of a load tool; counts: None if it has no result."""

    execution: ToolRun
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
    """One load generator's part. The host's samples cover warm-up and measurement.

    All moments are by the server's clock, as far as the two clocks were compared. clock_step_s: by
    how much the generator's was set meanwhile.
    """

    host: str
    cpus: int | None
    ready_error: str | None
    samples: Samples
    warmup: Ran | None
    measured: Ran | None
    connections: Connections | None
    verification: Verification | None
    clock_step_s: float | None = None
    allowance: dict[str, int] | None = None

    @property
    def executions(self) -> list[Ran]:
        return [ran for ran in (self.warmup, self.measured) if ran]


@dataclass(frozen=True, slots=True)
class Window:
    """The time of the measured load, in unix seconds by the server's clock."""

    started: float
    ended: float


def loads_of(record: Record, tool: Tool) -> list[Load]:
    """Every generator's part. RecordError: the output of a tool or a sampler cannot be used."""
    return [
        _load(one, f"generator {n}", record, tool) for n, one in enumerate(record.generators, 1)
    ]


def _load(generator: Generator, name: str, record: Record, tool: Tool) -> Load:
    def ran(execution: ToolRun | None, phase: str) -> Ran | None:
        if execution is None:
            return None
        has_result = execution.result != NOTHING
        counts = tool.counts(execution, record, f"{phase} of {name}") if has_result else None
        return Ran(execution, counts)

    generator = in_server_time(generator)
    samples = samples_of(generator.samples, name)
    if generator.clock_offset_s:
        samples = dataclasses.replace(samples, t=samples.t + generator.clock_offset_s)
    return Load(
        host=generator.host,
        cpus=generator.cpus,
        ready_error=generator.ready_error,
        samples=samples,
        warmup=ran(generator.warmup, "warmup"),
        measured=ran(generator.measured, "measured"),
        connections=generator.connections,
        verification=generator.verification,
        clock_step_s=generator.clock_step_s,
        allowance=generator.allowance,
    )


def in_server_time(generator: Generator) -> Generator:
    """The same with the moments of everything but the samples by the server's clock."""
    offset = generator.clock_offset_s
    if not offset:
        return generator

    def moved(execution: ToolRun | None) -> ToolRun | None:
        if execution is None:
            return None
        return replace(
            execution, started=execution.started + offset, ended=execution.ended + offset
        )

    connections, verification = generator.connections, generator.verification
    if verification:
        firsts = {name: getattr(verification, name) for name in ("first_wrong", "first_other")}
        later = {name: replace(one, at=one.at + offset) for name, one in firsts.items() if one}
        verification = replace(verification, **later)
    return replace(
        generator,
        warmup=moved(generator.warmup),
        measured=moved(generator.measured),
        connections=replace(connections, at=connections.at + offset) if connections else None,
        verification=verification,
    )


def window_of(executions: list[Ran]) -> Window | None:
    """From the first start to the last end; None without an execution."""
    if not executions:
        return None
    return Window(min(one.started for one in executions), max(one.ended for one in executions))


def all_of(loads: list[Load]) -> list[Ran]:
    """All executions, warm-ups and measurements."""
    return [ran for load in loads for ran in load.executions]
