"""A measurement: its raw record, its line with the remaining time, and its event."""

from __future__ import annotations

from pathlib import Path

import msgspec

from pipebench.harness.execution import Execution, Recorded
from pipebench.measure.measurement import Totals, reduce
from pipebench.plan.estimate import extended, left_s, left_text, measurements
from pipebench.plan.schedule import PlannedCell
from pipebench.record import assemble
from pipebench.record.schema import SCHEMA_VERSION, Measured, Record, RecordError
from pipebench.record.store import raw_file, time_text


def recorded(execution: Execution, now: float) -> Recorded:
    """place: cell, tool, round, position, and measuring_started (unix s)."""
    record, run = record_of(execution, now), execution.run
    file = raw_file(record)
    number = record.round or 0
    count = measurements(run)
    done = sum(map(len, run.rounds[: number - 1])) + record.position
    left = left_s(run, done, now - float(execution.place["measuring_started"]))
    totals = None if record.harness_fault else totals_of(record, file)
    result = result_text(record, totals)
    most = "at most " if extended(run) else ""
    return Recorded(
        file=file,
        document=record,
        fault=record.harness_fault,
        line=f"[{done:>{len(str(count))}}/{count}] round {number}{execution.where}  "
        f"{record.framework:<18} depth {record.depth}, {record.connections} connections: "
        f"{result}  ({most}{left_text(left)})",
        event=Measured(
            time=time_text(now),
            run_id=record.run_id,
            seconds_left=round(left),
            testbed=record.testbed,
            round=number,
            position=record.position,
            framework=record.framework,
            workers=record.workers,
            depth=record.depth,
            connections=record.connections,
            threads=record.threads,
            number=done,
            count=count,
            requests_per_s=round(totals.requests_per_s, 1) if totals else None,
            said=result,
            record=file,
        ),
        trouble=totals is None,
        passing=totals is not None and record.position < len(run.rounds[number - 1]),
    )


def record_of(execution: Execution, now: float) -> Record:
    """The raw record of a measurement or a cross-check."""
    run, testbed, place = execution.run, execution.testbed, execution.place
    cell = msgspec.convert(place["cell"], PlannedCell)
    assert testbed.threads is not None  # the action bench_settle chose them
    fault = execution.fault
    server, generators = None, []
    try:
        if not execution.unavailable:
            server = assemble.server(execution.server, execution.started, execution.stopped)
            generators = execution.generators
    except RecordError as error:
        fault = "; ".join(filter(None, (fault, f"an answer of a host cannot be used: {error}")))
    return Record(
        schema_version=SCHEMA_VERSION,
        run_id=run.run_id,
        testbed=testbed.name,
        framework=cell.framework,
        stack=run.frameworks[cell.framework].stack,
        workers=cell.workers,
        depth=cell.depth,
        connections=cell.connections,
        threads=testbed.threads,
        tool=str(place["tool"]),
        round=int(place["round"]) if place.get("round") else None,
        position=int(place["position"]),
        rate=float(place["rate"]) if place.get("rate") else None,
        started=time_text(execution.started.get("started_at", now)),
        ended=time_text(now),
        deployment=assemble.deployment(execution.unavailable),
        server=server,
        generators=generators,
        harness_fault=fault,
    )


def totals_of(record: Record, file: str) -> Totals | None:
    """The load tool's counts; None if it got no answer, or its output cannot be used."""
    try:
        totals = reduce(record, Path(file)).totals
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
