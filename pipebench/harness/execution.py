"""One execution of playbooks/tasks/execution.yml: the results of its tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pipebench.plan.run_plan import RunPlan
from pipebench.plan.testbeds import Testbed
from pipebench.record import assemble
from pipebench.record.assemble import Answer
from pipebench.record.faults import fault_of
from pipebench.record.schema import AnyEvent, Generator, PathRecord, ProbeRecord, Record

LOADED = ("measurement", "crosscheck")
"""The kinds whose record has what a load tool did."""


@dataclass
class Execution:
    """A server under a load. place: which record of its kind this is (the keys differ by kind).

    unavailable: reason and log if the framework is not on the host, else empty.
    """

    kind: str
    run: RunPlan
    testbed: Testbed
    place: Mapping[str, Any]
    unavailable: Mapping[str, Any]
    started: Answer
    load: Answer
    stopped: Answer = field(default_factory=dict)

    @property
    def server(self) -> str:
        return self.testbed.server

    @property
    def generator(self) -> str:
        return self.testbed.generators[0]

    @property
    def fault(self) -> str | None:
        """The fault of the harness in a sentence; None if there was none."""
        faults = (
            fault_of(f"starting on {self.server}", self.started),
            fault_of(f"the load on {self.generator}", self.load),
            fault_of(f"stopping on {self.server}", self.stopped),
        )
        return "; ".join(filter(None, faults)) or None

    @cached_property
    def generators(self) -> list[Generator]:
        """The load generator's half of a record. RecordError: its answer cannot be used."""
        if self.unavailable or self.load.get("skipped"):
            return []
        return [assemble.generator(self.generator, self.load)]

    def stop(self, stop: Callable[[], Answer]) -> None:
        """Stop the server, and meanwhile make the load generator's half of the record."""
        with ThreadPoolExecutor(1) as pool:
            if self.kind in LOADED:
                # an error is raised again when the record is made
                pool.submit(lambda: self.generators)
            self.stopped = stop()

    @property
    def where(self) -> str:
        """The testbed in a line for people: empty if there is only one."""
        return f" on {self.testbed.name}" if len(self.run.testbeds) > 1 else ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One record and its lines.

    file: below the run's folder. fault: of the harness, if it counts (a path that cannot be
    measured does not count). line: for the terminal, or empty. event: its line in progress.jsonl.
    trouble: the line is shown in colour. passing: the line is shown on a terminal only.
    """

    file: str
    document: Record | ProbeRecord | PathRecord
    fault: str | None = None
    line: str = ""
    event: AnyEvent | None = None
    trouble: bool = False
    passing: bool = False
