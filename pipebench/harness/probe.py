"""A probe: what a framework does with a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import Raw

from pipebench.harness.execution import (
    Answers,
    Execution,
    Finished,
    address_of,
    start_unit,
    stop_unit,
)
from pipebench.harness.host_program import THROW_AWAY, Call
from pipebench.record import assemble
from pipebench.record.assemble import Answer
from pipebench.record.factors import ServerFactors
from pipebench.record.reading import json_value, parse
from pipebench.record.schema import (
    NOTHING,
    SCHEMA_VERSION,
    Probe,
    Probed,
    ProbeRecord,
    RecordError,
    Unit,
)
from pipebench.record.store import probe_file, time_text

LONGEST_S = 10
"""The probe ends after that (docs/probe.md)."""


@dataclass(frozen=True, kw_only=True)
class ProbeExecution(Execution):
    """A framework is asked from the first load generator.

    server: what it is started with. number of count: on this testbed.
    """

    server: ServerFactors
    number: int
    count: int

    @property
    def start(self) -> Call:
        return start_unit(self.run, self.testbed, self.server, LONGEST_S)

    def loads(self, server_time: float | None) -> Mapping[str, Call]:  # noqa: ARG002
        depth = max(self.run.variables.depths)
        order = {**THROW_AWAY, **address_of(self.testbed), "depth": depth}
        call = self.holding_call(LONGEST_S, "generator.probe", **order)
        return {self.first_generator: call}

    def stop(self, since: float | None) -> Call:
        return stop_unit(self.run, self.server.framework, since)

    def finished(self, answers: Answers, ended: float) -> Finished:
        """Its record, and its event."""
        record = self._record(answers, ended)
        file = probe_file(record)
        return Finished(
            file=file,
            document=record,
            fault=record.harness_fault,
            event=Probed(
                **self.at(ended) | self.server.factors,
                number=self.number,
                count=self.count,
                probed=record.probe != NOTHING,
                said=result_text(record),
                record=file,
            ),
        )

    def _record(self, answers: Answers, ended: float) -> ProbeRecord:
        host = self.testbed.server
        fault = answers.fault(host)
        unit: Unit | None = None
        probe, uid, memory = NOTHING, None, None
        load = answers.loads.get(self.first_generator, {})
        try:
            if not answers.unavailable:
                unit = assemble.unit(host, answers.started, answers.stopped)
                probe, uid = printed(load), assemble.probed_by(load)
                memory = assemble.memory_bytes(answers.stopped)
        except RecordError as error:
            fault = answers.fault(host, error)
        return ProbeRecord(
            schema_version=SCHEMA_VERSION,
            run_id=self.run.run_id,
            testbed=self.testbed.name,
            **self.server.factors,
            started=time_text(answers.began(ended)),
            ended=time_text(ended),
            deployment=assemble.deployment(answers.unavailable),
            server=unit,
            generator=None if probe == NOTHING else self.first_generator,
            uid=uid,
            probe=probe,
            server_memory_bytes=memory,
            harness_fault=fault,
        )


def printed(load: Answer) -> Raw:
    """The probe's own document. RecordError: it is not JSON."""
    text = load.get("document")
    if not text:
        return NOTHING
    content = assemble.text_of(text, "what the probe printed").encode()
    json_value(content)
    return Raw(content)


def result_text(record: ProbeRecord) -> str:
    """A short text of the result."""
    if record.harness_fault:
        return f"HARNESS FAULT, {record.harness_fault.splitlines()[0]}"
    if not record.deployment.available:
        return f"not probed, {record.deployment.reason}"
    if record.probe == NOTHING:
        return f"not probed, {record.server.ready_error if record.server else None}"
    try:
        return seen_text(parse(record.probe, Probe, "the probe's answer"))
    except RecordError as error:
        return str(error)


def seen_text(probe: Probe) -> str:
    """The result of a probe in a line."""
    if probe.error:
        return probe.error
    conforming = sum(case.conforms is True for case in probe.cases)
    broken = [case for case in probe.cases if case.relied_on and case.conforms is False]
    names = ", ".join(f"{case.name} ({case.seen})" for case in broken)
    return f"{conforming} of {len(probe.cases)} cases conform; " + (
        f"a measurement relies on {names}, which failed"
        if broken
        else "all that a measurement relies on do"
    )
