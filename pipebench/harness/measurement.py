"""A cell under a load tool: a measurement of a round, with its event."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pipebench.harness.execution import (
    GENERATOR_PATIENCE_S,
    Answers,
    Execution,
    Finished,
    address_of,
    holding_call,
    start_unit,
    stop_unit,
)
from pipebench.harness.host_program import THROW_AWAY, Call
from pipebench.measure.measurement import Totals, reduce
from pipebench.plan.estimate import left_s, measurements
from pipebench.record import assemble
from pipebench.record.factors import LOAD, PlannedCell
from pipebench.record.schema import (
    SCHEMA_VERSION,
    Clock,
    Measured,
    Record,
    RecordError,
    TestbedEvent,
)
from pipebench.record.store import raw_file, time_text

LEAD_S, LEAD_MORE_S = 0.4, 0.05
"""So long before they begin several generators are told to, and so much longer for each of them: a
throw-away user must be made there first."""
WARMED_S = 0.5
"""From the planned end of a warm-up to the window: the tool's own end, and the pause."""


@dataclass(frozen=True, kw_only=True)
class CellExecution(Execution):
    """A cell under one load tool. position: in its round, from 1. round: None at a constant rate.

    rate: the constant rate of all connections together, requests/s. clocks: by load generator.
    check: whether the tool checks every answer.
    """

    check: ClassVar[bool] = False
    cell: PlannedCell
    tool: str
    position: int
    round: int | None = None
    rate: float | None = None
    clocks: Mapping[str, Clock] = field(default_factory=dict)

    @property
    def start(self) -> Call:
        variables, cell = self.run.variables, self.cell
        load_s = variables.warmup + variables.duration
        return start_unit(self.run, self.testbed, cell, load_s)

    def loads(self, server_time: float | None) -> Mapping[str, Call]:
        """An equal share of connections and rate for each generator."""
        variables, count = self.run.variables, len(self.testbed.generators)
        order = {
            **THROW_AWAY,
            **address_of(self.testbed),
            "threads": self.testbed.threads,
            "duration": variables.duration,
            "warmup": variables.warmup,
            "patience": GENERATOR_PATIENCE_S,
            "tool": self.tool,
            **{factor.name: factor.of(self.cell) for factor in LOAD},
            "connections": self.cell.connections // count,
            "rate": self.rate / count if self.rate else None,
            **({"check": True} if self.check else {}),
        }
        load_s = variables.warmup + variables.duration
        orders = {
            name: order | self._moments(name, server_time) for name in self.testbed.generators
        }
        return {
            name: holding_call(self.run, load_s, "generator.load", one)
            for name, one in orders.items()
        }

    def _moments(self, generator: str, server_time: float | None) -> dict[str, float]:
        """When a generator begins, by its own clock: several begin together; one, at once."""
        count = len(self.testbed.generators)
        known = set(self.testbed.generators) <= self.clocks.keys()
        if count == 1 or server_time is None or not known:
            return {}
        begin = server_time + LEAD_S + LEAD_MORE_S * count - self.clocks[generator].offset_s
        return {"begin_at": begin, "window_at": begin + self.run.variables.warmup + WARMED_S}

    def stop(self, since: float | None) -> Call:
        return stop_unit(self.run, self.cell.framework, since)

    @abstractmethod
    def file(self, record: Record) -> str:
        """Where its record is kept, below the run's folder."""

    @abstractmethod
    def event(self, record: Record, totals: Totals | None, ended: float) -> TestbedEvent:
        """Its event. totals: what was counted, None without an answer. ended: unix s."""

    def finished(self, answers: Answers, ended: float) -> Finished:
        """Its record and its event."""
        record = self.record(answers, ended)
        file = self.file(record)
        totals = None if record.harness_fault else totals_of(record, file)
        return Finished(
            file=file,
            document=record,
            fault=record.harness_fault,
            event=self.event(record, totals, ended),
        )

    def common(self, record: Record, totals: Totals | None, ended: float) -> dict[str, Any]:
        """What the event of each kind has."""
        return {
            **self.at(ended),
            **self.cell.factors,
            "requests_per_s": round(totals.requests_per_s, 1) if totals else None,
            "said": result_text(record, totals),
            "record": self.file(record),
        }

    def record(self, answers: Answers, ended: float) -> Record:
        """Its raw record."""
        cell, name = self.cell, self.testbed.server
        assert self.testbed.threads is not None  # the action bench_resolve chose them
        fault = answers.fault(name)
        server, generators = None, []
        try:
            if not answers.unavailable:
                server = assemble.server(name, answers.started, answers.stopped)
                generators = [
                    assemble.generator(host, load, self.clocks.get(host))
                    for host, load in answers.loads.items()
                ]
        except RecordError as error:
            fault = answers.fault(name, error)
        return Record(
            schema_version=SCHEMA_VERSION,
            run_id=self.run.run_id,
            testbed=self.testbed.name,
            **cell.factors,
            stack=self.run.frameworks[cell.framework].stack,
            worker_count=self.testbed.worker_count(cell.workers),
            threads=self.testbed.threads,
            tool=self.tool,
            round=self.round,
            position=self.position,
            rate=self.rate,
            started=time_text(answers.began(ended)),
            ended=time_text(ended),
            deployment=assemble.deployment(answers.unavailable),
            server=server,
            generators=generators,
            harness_fault=fault,
        )


@dataclass(frozen=True, kw_only=True)
class MeasurementExecution(CellExecution):
    """A measurement. round: from 1.

    For the time that is left: measuring_started, unix s; and that it is the `turn`, from 1, of
    `turns` measurements in this part of the run.
    """

    round: int
    measuring_started: float
    turn: int
    turns: int

    def file(self, record: Record) -> str:
        return raw_file(record)

    def event(self, record: Record, totals: Totals | None, ended: float) -> Measured:
        """With the time left."""
        run = self.run
        left = left_s(run, self.turn, ended - self.measuring_started, self.turns)
        return Measured(
            **self.common(record, totals, ended) | {"seconds_left": round(left)},
            round=self.round,
            position=record.position,
            threads=record.threads,
            number=sum(map(len, run.rounds[: self.round - 1])) + self.position,
            count=measurements(run),
        )


def totals_of(record: Record, file: str) -> Totals | None:
    """The load tool's counts; None if it got no answer, or its output cannot be used."""
    try:
        totals = reduce(record, file).totals
    except RecordError:
        return None
    return totals if totals and totals.requests else None


def result_text(record: Record, totals: Totals | None) -> str:
    """A short text of the result, which is not judged here."""
    if record.harness_fault:
        return f"HARNESS FAULT, {record.harness_fault.splitlines()[0]}"
    if not record.deployment.available:
        return f"unavailable, {record.deployment.reason}"
    if not (record.server and record.server.ready):
        return str(record.server.ready_error if record.server else None)
    for generator in record.generators:
        if generator.ready_error:
            return generator.ready_error
    return f"{totals.requests_per_s:,.0f} req/s" if totals else "no answer"
