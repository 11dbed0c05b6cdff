"""The record of a testbed's path capacity. A path that cannot be measured is not a fault."""

from __future__ import annotations

from pipebench.harness.execution import Execution, Recorded
from pipebench.record import assemble
from pipebench.record.schema import SCHEMA_VERSION, PathHost, PathRecord, PathTest, RecordError
from pipebench.record.store import path_file, time_text


def recorded(execution: Execution, now: float) -> Recorded:
    """place: empty, as there is one on each testbed."""
    server, generator = PathHost(host=execution.server), PathHost(host=execution.generator)
    tests: list[PathTest] = []
    error = execution.fault
    started, load = execution.started, execution.load
    try:
        server = assemble.path_host(execution.server, started, execution.stopped)
        generator = assemble.path_host(execution.generator, load, load)
        tests = assemble.path_tests(load)
    except RecordError as problem:
        error = f"an answer of a host cannot be used: {problem}"
    record = PathRecord(
        schema_version=SCHEMA_VERSION,
        run_id=execution.run.run_id,
        testbed=execution.testbed.name,
        ended=time_text(now),
        server=server,
        generator=generator,
        tests=tests,
        error=error,
    )
    return Recorded(file=path_file(record), document=record)
