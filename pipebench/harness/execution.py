"""One execution: a server is started, put under a load and stopped. Nothing is judged here.

What a server does wrong is data. What the harness cannot do is a fault, which is recorded.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pipebench.harness.host_program import Call, Host, ask_all
from pipebench.plan.run_plan import RunPlan
from pipebench.plan.testbeds import Testbed
from pipebench.record import assemble
from pipebench.record.assemble import Answer
from pipebench.record.factors import ServerFactors
from pipebench.record.faults import fault_of
from pipebench.record.schema import (
    ClockRecord,
    PathRecord,
    ProbeRecord,
    Record,
    RecordError,
    TestbedEvent,
)
from pipebench.record.store import time_text

SERVER_PATIENCE_S = 25
"""So long a server may take until it answers on its own host."""
GENERATOR_PATIENCE_S = 5
"""And then on a load generator."""
SLACK_S = 5
"""For all that lies between: the hosts' own work, and the way to them."""
LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
"""Later than that there is no moment that can be written down."""
LONGEST_PAUSE_S = 300
"""So long at most a testbed waits between two executions (recovery.py)."""


class Hosts(NamedTuple):
    """The hosts of one testbed."""

    server: Host
    generators: Sequence[Host]

    @property
    def all(self) -> list[Host]:
        return [self.server, *self.generators]


@dataclass(slots=True)
class Answers:
    """What the hosts answered in one execution; empty what they were not asked.

    unavailable: reason and log if the framework is not on the host. loads: by load generator.
    """

    unavailable: Answer = field(default_factory=dict)
    started: Answer = field(default_factory=dict)
    loads: dict[str, Answer] = field(default_factory=dict)
    stopped: Answer = field(default_factory=dict)

    def began(self, ended: float) -> float:
        """When the server was started, unix s; if that is not known, when all had ended."""
        begun = begun_at(self.started)
        return ended if begun is None else begun

    def fault(self, server: str, error: RecordError | None = None) -> str | None:
        """The fault of the harness in a sentence; None if there was none.

        error: why an answer cannot be recorded.
        """
        faults = (
            fault_of(f"starting on {server}", self.started),
            *(fault_of(f"the load on {name}", load) for name, load in self.loads.items()),
            fault_of(f"stopping on {server}", self.stopped),
            unusable(error) if error else None,
        )
        return "; ".join(filter(None, faults)) or None


def unusable(error: RecordError) -> str:
    """That an answer cannot be recorded, in a sentence."""
    return f"an answer of a host cannot be used: {error}"


@dataclass(frozen=True, slots=True)
class Finished:
    """One record and its event.

    file: below the run's folder. fault: of the harness, if it counts (a path that cannot be
    measured does not count). event: its line in progress.jsonl, of which reporter.py makes the
    line for people; None if nobody needs to know.
    """

    file: str
    document: Record | ProbeRecord | PathRecord | ClockRecord
    fault: str | None = None
    event: TestbedEvent | None = None


@dataclass(frozen=True, kw_only=True)
class Execution(ABC):
    """What is started, loaded and stopped on one testbed, and the record that is made of it.

    unavailable: reason and log if the framework could not be deployed; then nothing is started.
    """

    run: RunPlan
    testbed: Testbed
    unavailable: Answer = field(default_factory=dict)

    @property
    @abstractmethod
    def start(self) -> Call:
        """On the server."""

    @abstractmethod
    def loads(self, server_time: float | None) -> Mapping[str, Call]:
        """On each load generator, by its name; without one there is no load.

        server_time: unix s by the server's clock now, or a few ms ago; None if it is not known.
        """

    @abstractmethod
    def stop(self, since: float | None) -> Call:
        """On the server. since: when it was started, unix s; None if that failed."""

    @abstractmethod
    def finished(self, answers: Answers, ended: float) -> Finished:
        """The record. ended: when the last answer came, unix s."""

    def call(self, program: str, **order: Any) -> Call:
        """A program that is asked for this execution, and does not hold its host for longer."""
        return call_of(self.run, program, order)

    def holding_call(self, seconds: float, program: str, **order: Any) -> Call:
        """The same; the run holds the host for so long, and for a pause after it."""
        return holding_call(self.run, seconds, program, order)

    @property
    def first_generator(self) -> str:
        """The load generator that does what one of them is enough for."""
        return self.testbed.generators[0]

    def at(self, moment: float) -> dict[str, Any]:
        """What every event of it has. moment: unix s."""
        return event_fields(self.run, self.testbed.name, moment)


def event_fields(run: RunPlan, testbed: str, moment: float) -> dict[str, Any]:
    """What every event of a testbed has. moment: unix s."""
    return {
        "time": time_text(moment),
        "run_id": run.run_id,
        "seconds_left": None,
        "testbed": testbed,
    }


def on_testbed(run: RunPlan, testbed: str) -> str:
    """The testbed in a line for people: empty if there is only one."""
    return f" on {testbed}" if len(run.testbeds) > 1 else ""


def carry_out(execution: Execution, hosts: Hosts) -> Answers:
    """Start, load, stop. A server that does not become ready is stopped without a load."""
    if execution.unavailable:
        return Answers(unavailable=execution.unavailable)
    started = hosts.server.run(execution.start)
    answered = time.monotonic()
    if unavailable := started.get("unavailable"):
        try:
            assemble.deployment(unavailable)
        except RecordError as error:
            return Answers(started={"failed": True, "msg": unusable(error)})
        return Answers(unavailable=unavailable)
    answers = Answers(started=started)
    if started.get("ready"):
        server_time = ready_at(started)
        if server_time is not None:
            server_time += time.monotonic() - answered
        answers.loads = ask_all(execution.loads(server_time), hosts.generators)
    answers.stopped = hosts.server.run(execution.stop(begun_at(started)))
    return answers


def begun_at(started: Answer) -> float | None:
    """When a unit was started, unix s by its host's clock; None if that is not known."""
    return _number(started.get("started_at"))


def ready_at(started: Answer) -> float | None:
    """When it answered."""
    begun, ready_s = begun_at(started), _number(started.get("ready_s"))
    return None if begun is None or ready_s is None else begun + ready_s


def _number(value: Any) -> float | None:
    """A moment or a duration that a host said, s; None for anything that cannot be one."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= LATEST else None


def address_of(testbed: Testbed) -> dict[str, Any]:
    """Where a testbed's server listens, as every program reads it."""
    return {"address": testbed.address, "port": testbed.port}


def call_of(run: RunPlan, program: str, order: Mapping[str, Any]) -> Call:
    """A call that a host refuses if the run has lost it (files/host/orders.py)."""
    return Call(program, {**order, "lease": {"token": run.lease}})


def holding_call(run: RunPlan, seconds: float, program: str, order: Mapping[str, Any]) -> Call:
    """The same; the run holds the host for so long, and for a pause after it.

    What it has set there is set anew, if it was put back meanwhile.
    """
    lease = {"token": run.lease, "seconds": seconds + LONGEST_PAUSE_S}
    return Call(program, {**order, "lease": lease})


def start_unit(run: RunPlan, testbed: Testbed, server: ServerFactors, load_s: int) -> Call:
    """Start a framework's unit. load_s: so long it is asked at most.

    Whatever becomes of this program, systemd ends the unit when its time is over. The limit is the
    same for a whole phase, as systemd reads its units anew for another one.
    """
    at_most = SERVER_PATIENCE_S + GENERATOR_PATIENCE_S + load_s + SLACK_S
    order = {
        "state": "started",
        "name": server.framework,
        "workers": testbed.worker_count(server.workers),
        "patience": SERVER_PATIENCE_S,
        "at_most": at_most,
        **address_of(testbed),
    }
    return holding_call(run, at_most, "server.unit", order)


def stop_unit(run: RunPlan, framework: str, since: float | None) -> Call:
    """Stop it, and read how it fared."""
    order = {"state": "stopped", "name": framework, "since": since}
    return call_of(run, "server.unit", order)
