"""The capacity of a testbed's path. A path that cannot be measured is not a fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipebench.harness.execution import Answers, Execution, Finished, address_of, unusable
from pipebench.harness.host_program import THROW_AWAY, Call
from pipebench.record import assemble
from pipebench.record.schema import SCHEMA_VERSION, PathHost, PathRecord, PathTest, RecordError
from pipebench.record.store import path_file, time_text

PROGRAM = "host.path"
LONGEST_S = 30
"""Then its host ends it."""


@dataclass(frozen=True, kw_only=True)
class PathExecution(Execution):
    """iperf3 between the server's host and the load generator, once on each testbed."""

    @property
    def start(self) -> Call:
        return self.holding_call(LONGEST_S, PROGRAM, state="started", **address_of(self.testbed))

    def loads(self, server_time: float | None) -> Mapping[str, Call]:  # noqa: ARG002
        order = {**THROW_AWAY, "state": "measured", **address_of(self.testbed)}
        call = self.holding_call(LONGEST_S, PROGRAM, **order)
        return {self.first_generator: call}

    def stop(self, since: float | None) -> Call:  # noqa: ARG002 (it has no journal)
        return self.call(PROGRAM, state="stopped")

    def finished(self, answers: Answers, ended: float) -> Finished:
        """Its record, which has no line for people."""
        name = self.testbed.server
        server, generator = PathHost(host=name), PathHost(host=self.first_generator)
        tests: list[PathTest] = []
        error = answers.fault(name)
        load = answers.loads.get(self.first_generator, {})
        try:
            server = assemble.path_host(name, answers.started, answers.stopped)
            generator = assemble.path_host(self.first_generator, load, load)
            tests = assemble.path_tests(load)
        except RecordError as problem:
            error = unusable(problem)
        record = PathRecord(
            schema_version=SCHEMA_VERSION,
            run_id=self.run.run_id,
            testbed=self.testbed.name,
            ended=time_text(ended),
            server=server,
            generator=generator,
            tests=tests,
            error=error,
        )
        return Finished(file=path_file(self.testbed.name), document=record)
