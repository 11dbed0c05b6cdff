"""A probe: its record, and a line about the framework's conformance."""

from __future__ import annotations

from msgspec import Raw

from pipebench.harness.execution import Execution, Recorded
from pipebench.record import assemble
from pipebench.record.reading import json_value, parse
from pipebench.record.schema import NOTHING, SCHEMA_VERSION, Probe, ProbeRecord, RecordError, Unit
from pipebench.record.store import probe_file, time_text


def recorded(execution: Execution, now: float) -> Recorded:
    """place: framework, workers, number and count of the probes on this testbed."""
    place = execution.place
    record = record_of(execution, now)
    several = ""
    if len(execution.run.variables.workers) > 1:
        several = f", {record.workers} workers"
    return Recorded(
        file=probe_file(record),
        document=record,
        fault=record.harness_fault,
        line=f"probe {place['number']}/{place['count']}{execution.where} "
        f"{record.framework}{several}: {result_text(record)}",
        trouble=record.probe == NOTHING,
    )


def record_of(execution: Execution, now: float) -> ProbeRecord:
    place, fault = execution.place, execution.fault
    unit: Unit | None = None
    probe = NOTHING
    try:
        if not execution.unavailable:
            unit = assemble.unit(execution.server, execution.started, execution.stopped)
            probe = printed(execution)
    except RecordError as error:
        fault = "; ".join(filter(None, (fault, f"an answer of a host cannot be used: {error}")))
    return ProbeRecord(
        schema_version=SCHEMA_VERSION,
        run_id=execution.run.run_id,
        testbed=execution.testbed.name,
        framework=str(place["framework"]),
        workers=int(place["workers"]),
        started=time_text(execution.started.get("started_at", now)),
        ended=time_text(now),
        deployment=assemble.deployment(execution.unavailable),
        server=unit,
        generator=None if probe == NOTHING else execution.generator,
        probe=probe,
        harness_fault=fault,
    )


def printed(execution: Execution) -> Raw:
    """The probe's own document. RecordError: it is not JSON."""
    text = execution.load.get("document")
    if not text:
        return NOTHING
    content = text.encode()
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
    return f"{conforming} of {len(probe.cases)} cases conform to RFC 9112; " + (
        f"a measurement relies on {names}, which failed"
        if broken
        else "all that a measurement relies on do"
    )
