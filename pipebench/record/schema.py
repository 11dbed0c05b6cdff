"""Every document of a run, one class each: what writes it and what reads it share the class.

Numbers have their units in their names (`_s`, `_us`, `_bytes`); moments are unix seconds by the
clock of the host that took them, or texts of ISO 8601 if they end in no unit. What was not measured
is None, never 0. Fields that are not listed are ignored, so that a later version may add some.

Limits that a type cannot say are checked in checks.py. How a document lies on disk is store.py's.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta, Raw, Struct

from pipebench.record.factors import (
    ALL,
    Cell,
    CellFactors,
    PlannedCell,
    ProbedServer,
    ServerFactors,
)
from pipebench.record.limits import Count, Positive

SCHEMA_VERSION = 2
"""Of every document that is written now."""
READABLE = (1, 2)
"""Versions that can be read: all that there ever were."""
PROGRAM_VERSION = 1
"""Of the results that pipeline.lua and the probe write on a load generator."""

Memory: TypeAlias = Annotated[int, Meta(ge=4096, le=2**50)]
"""Bytes that a program has: a page at least."""
CpuTime: TypeAlias = Annotated[float, Meta(ge=0, le=1e12)]
Column: TypeAlias = list[int | float | None] | int | float | None
"""A counter over the samples (packing.py); one number, or None, is its value in all of them."""
SampleColumns: TypeAlias = dict[str, Raw] | list[Any]
"""A Column each by its name, as files/host/sampler.py describes them, and the moments.

The first records had a list of samples, which is not read.
"""


Allowance: TypeAlias = dict[str, Count] | None
"""Packets that the card of a cloud held back during the load, warm-up included, by the allowance
that was used up (files/host/allowance.py); None: not known."""


Many = Meta(max_length=10_000)
"""Of a list of what a program has counted in some seconds."""
Few = Meta(max_length=1000)
"""Of a list of what a plan or a person has written: more is a mistake, or meant to be slow."""
Direction: TypeAlias = Literal["to_server", "from_server"]

NOTHING = Raw(b"null")


class RunError(Exception):
    """The folder does not hold a run; the message is a sentence for the user."""


class RecordError(Exception):
    """A document cannot be used; the message is a sentence for the report."""


class InvalidRecord(NamedTuple):
    """A record that is kept out of the figures."""

    file: str
    reason: str


class Part(Struct, kw_only=True):
    """A part of a document."""


class Document(Part, kw_only=True):
    """What every document of a run begins with."""

    schema_version: int
    run_id: str


# --- one execution of a load tool: raw/, answers/ and crosscheck/ -------------------------------


class Deployment(Part, kw_only=True, omit_defaults=True):
    """Whether the framework is on the server host; if not, why, and what the deployment printed."""

    available: bool
    reason: str | None = None
    log: str | None = None


class Unit(Part, kw_only=True):
    """A framework's unit on the server host.

    state: systemd's properties before it was stopped. exited_at: when it ended by itself, unix s.
    """

    host: str
    unit: str | None = None
    ready: bool | None = None
    ready_s: float | None = None
    ready_error: str | None = None
    state: dict[str, Any] = {}
    exited_at: float | None = None
    journal: str | None = None


class Processes(Part, kw_only=True):
    """A look at every process of the unit; the lists have one entry for each.

    at: unix s on the server. cpu_us: since the process was started. connections: that it holds.
    """

    at: float
    pids: list[Count]
    cpu_us: list[Count]
    connections: list[Count]


class Server(Unit, kw_only=True):
    """The unit under load. cpus: that it may use; host_cpus: of its host, which are more if it is
    pinned, None in older records. rss_peak_bytes: of all its processes together. processes: one
    look a second, if it was started with several workers. allowance: Allowance.
    """

    cpus: int | None = None
    host_cpus: int | None = None
    started_pid: int | None = None
    rss_peak_bytes: Memory | None = None
    samples: SampleColumns = {}
    processes: list[Processes] = []
    allowance: Allowance = None


class ToolRun(Part, kw_only=True):
    """One execution of a load tool. started, ended: unix s on the generator.

    exit_status: negative if a signal ended it. result: what the tool counted, which only its file
    in tools/ can read. received_still: of one that had to be ended, whether the server still sent
    to it.
    """

    argv: list[str]
    exit_status: int
    started: float
    ended: float
    cpu_s: CpuTime | None = None
    stdout: str = ""
    stderr: str = ""
    result: Raw = NOTHING
    received_still: bool | None = None


class Connections(Part, kw_only=True):
    """Every connection of the load, shortly before its end: columns, by the bytes received.

    at: unix s on the generator. received_bytes: since it was opened, as distances (packing.py).
    last_sent_ms, last_received_ms: how long ago it last sent and received, ms.
    """

    at: float
    received_bytes: list[Count]
    last_sent_ms: list[Count]
    last_received_ms: list[Count]


class VerifiedPhase(Part, kw_only=True):
    """What was asked on further connections in one phase.

    opened: connections, in the phase itself. requests: in so many batches; answered: of these.
    wrong: batches with a wrong answer; other: with another status than was right. as_wrk: answered
    requests of batches that were byte for byte those of the load; least, most: bytes of the answers
    to these with status 200. statuses: how many answers had one that was not right. Older records
    have none from `other` on.
    """

    opened: Count
    batches: Count
    requests: Count
    answered: Count
    wrong: Count
    other: Count = 0
    as_wrk: Count = 0
    least: Count | None = None
    most: Count | None = None
    statuses: Annotated[dict[str, Count], Few] = {}


class AnswerAlone(Part, kw_only=True):
    """How a batch of the load was answered before it, twice on one connection that was kept.

    seen: the class, as docs/probe.md describes them. status: of the first; sizes: of all, bytes;
    fields: names of the header fields that all have; interim: the statuses of the informational
    answers before the first.
    """

    seen: str
    detail: str
    status: int | None = None
    sizes: list[Count] = []
    fields: list[str] = []
    interim: list[int] = []


class WrongAnswer(Part, kw_only=True):
    """at: unix s on the generator. seen: the class, as docs/probe.md describes them."""

    at: float
    phase: str
    seen: str
    detail: str


class Verification(Part, kw_only=True):
    """What was verified; phases: "warmup" and "measured". seed: that decided what was asked.

    first_other: with another status than was right. seed, alone: None in older records.
    """

    seed: int | None = None
    alone: AnswerAlone | None = None
    phases: dict[str, VerifiedPhase] = {}
    first_wrong: WrongAnswer | None = None
    first_other: WrongAnswer | None = None


class Generator(Part, kw_only=True):
    """The part of one load generator in a measurement. cpus: that the tool may use.

    All moments are by this host's clock. clock_offset_s: what must be added to it to have the
    server's, as measured before the rounds; clock_error_s: the largest error of that. clock_step_s:
    by how much the clock was set while the load went on. allowance: Allowance. uid: the number of
    the user of the load tool; 0 is root, and so is None, in older records.
    """

    host: str
    cpus: int | None = None
    ready_error: str | None = None
    samples: SampleColumns = {}
    warmup: ToolRun | None = None
    measured: ToolRun | None = None
    connections: Connections | None = None
    verification: Verification | None = None
    clock_offset_s: float | None = None
    clock_error_s: float | None = None
    clock_step_s: float | None = None
    allowance: Allowance = None
    uid: Count | None = None


class Record(CellFactors, frozen=True, kw_only=True):
    """One measurement: a cell in a round, or out of the rounds at a constant rate.

    worker_count: how many workers the server was started with; None in older records, which have no
    other number than `workers`. tool: the load tool's name; records of version 1 do not say it.
    rate: wanted requests/s of all connections together, None if each connection sends as soon as it
    is answered.
    """

    schema_version: int
    run_id: str
    testbed: str
    stack: str
    worker_count: Positive | None = None
    threads: Positive
    tool: str | None = None
    round: Positive | None = None
    position: Count
    rate: float | None = None
    started: str | None = None
    ended: str | None = None
    deployment: Deployment
    server: Server | None = None
    generators: Annotated[list[Generator], Few] = msgspec.field(default_factory=list)
    harness_fault: str | None = None

    @property
    def cell(self) -> Cell:
        return Cell(**self.factors)

    @property
    def started_workers(self) -> int:
        """How many workers there were. RecordError: it is not known."""
        if self.worker_count is not None:
            return self.worker_count
        if self.workers == ALL:
            raise RecordError("worker_count of the record is missing, and its workers are `all`")
        return self.workers


# --- what a framework does with a pipeline: probe/ ----------------------------------------------


class Unread(Part, kw_only=True):
    """What a server took of a client that reads nothing: requests, and their bytes.

    answer_bytes: of the answers that are due to them. stopped: whether it took no more in the end.
    memory_bytes: by how much its memory grew meanwhile, None if the probe could not see it.
    """

    requests: Count
    bytes: Count
    answer_bytes: Count
    stopped: bool
    memory_bytes: Count | None = None


class Case(Part, kw_only=True):
    """One thing that was asked. seen: the class, as docs/probe.md describes them.

    conforms: None if it could not be told. relied_on: whether a measurement relies on it. offsets:
    bytes before each cut that was not answered well; None if nothing was cut, or in older records.
    """

    name: str
    title: str
    relied_on: bool
    seen: str = msgspec.field(name="class")
    conforms: bool | None = None
    answered: int | None = None
    expected: int | None = None
    detail: str
    offsets: Annotated[list[Count], Many] | None = None
    unread: Unread | None = None


class Probe(Part, kw_only=True):
    """What the probe prints, as far as it is read. error: why it could not ask.

    seed: of what was drawn; None in older records.
    """

    schema_version: int
    seed: Count | None = None
    cases: Annotated[list[Case], Few]
    error: str | None = None


class ProbeRecord(ServerFactors, frozen=True, kw_only=True):
    """The probe of one framework with one number of workers. probe: NOTHING if it did not run.

    uid: of the user that it ran as, as in Generator. server_memory_bytes: resident memory of the
    unit's processes, ten times a second while it was probed; None in older records.
    """

    schema_version: int
    run_id: str
    testbed: str
    started: str | None = None
    ended: str | None = None
    deployment: Deployment
    server: Unit | None = None
    generator: str | None = None
    uid: Count | None = None
    probe: Raw = NOTHING
    server_memory_bytes: Annotated[list[Count | None], Many] | None = None
    harness_fault: str | None = None

    @property
    def server_probed(self) -> ProbedServer:
        return ProbedServer(**{"testbed": self.testbed, **self.factors})


Versioned: TypeAlias = Document | Record | ProbeRecord
"""Every document of a run: each has what Document has."""


# --- what the path of a testbed carries: baseline/ ----------------------------------------------


class PathHost(Part, kw_only=True):
    """One end of the path. version: of its iperf3.

    uid: of the user that it ran as on the generator, as in Generator; None on the server's host.
    """

    host: str | None = None
    version: str | None = None
    cpus: int | None = None
    uid: Count | None = None
    samples: SampleColumns = {}


class PathTest(Part, kw_only=True):
    """One test of iperf3. started, ended: unix s on the generator.

    end: the sums and the CPU utilisation of iperf3's own answer; NOTHING without one.
    """

    protocol: Literal["tcp", "udp"]
    direction: Direction
    argv: list[str] = []
    streams: Positive
    started: float
    ended: float
    error: str | None = None
    end: Raw = NOTHING


class PathRecord(Document, kw_only=True):
    """The path between a server and its load generator, before anything was measured on it."""

    testbed: str | None = None
    ended: str | None = None
    server: PathHost
    generator: PathHost
    tests: Annotated[list[PathTest], Few]
    error: str | None = None


# --- the clocks of a testbed: clocks/ -----------------------------------------------------------


class Clock(Part, kw_only=True):
    """The clock of one load generator. offset_s: what must be added to have the server's clock.

    error_s: the largest error of it, half of the shortest round trip of so many exchanges. at: unix
    s by the generator's clock.
    """

    generator: str
    offset_s: float
    error_s: float
    exchanges: Count
    at: float


class ClockRecord(Document, kw_only=True):
    """The clocks of a testbed, before its rounds or after them. error: why one is missing."""

    testbed: str
    moment: Literal["before", "after"]
    ended: str | None = None
    clocks: list[Clock] = []
    error: str | None = None


# --- what a run sets on a host for its own time: tuning/, and pinning/ of older runs -------------


class Setting(Part, kw_only=True):
    """One value of a host, as a text. name: of what it belongs to, None in older records.

    path: of /proc or /sys, or another place of files/tuning/places.py. after: once it was set.
    held: shortly before it was put back, and restored: then; None if it is not there any more.
    error: why it could not be set; restore_error: why it could not be put back.
    """

    name: str | None = None
    path: str
    before: str
    wanted: str
    after: str | None = None
    held: str | None = None
    restored: str | None = None
    error: str | None = None
    restore_error: str | None = None


class Skipped(Part, kw_only=True):
    """What was asked for and left as it was. name: of a tuning."""

    name: str
    reason: str


class TuningLapse(Part, kw_only=True):
    """That a host put all back, as the run held it no longer, and set it anew as the run went on.

    Unix s on the host. put_back_at: None if it was booted again, at a moment that is not known.
    """

    put_back_at: float | None = None
    set_anew_at: float


class TuningRecord(Document, kw_only=True):
    """What a run has set on a host. interface: None if it was not found.

    The CPUs are empty if interrupts and servers share them. boot_id: of the host when the values
    were set. released: when all was put back; None while it is set, or if that failed. error: why
    something could not be done.
    """

    testbed: str
    host: str
    boot_id: str | None = None
    interface: str | None = None
    interrupt_cpus: list[Count] = []
    server_cpus: list[Count] = []
    settings: list[Setting] = []
    skipped: list[Skipped] = []
    lapses: list[TuningLapse] = []
    released: str | None = None
    error: str | None = None


# --- a host: hosts/ -----------------------------------------------------------------------------


class Interpreter(Part, kw_only=True):
    """The CPython that runs a framework. source: a source of the module python_interpreter."""

    version: str = ""
    source: str = ""


class Installed(Part, kw_only=True):
    """versions.json of a framework: its runtime, and packages with their versions.

    interpreter: None if its runtime is not CPython, and in older records.
    """

    runtime: str | None = None
    packages: dict[str, str] = {}
    interpreter: Interpreter | None = None


class HostFingerprint(Part, kw_only=True):
    """All of a host that a measurement may depend on; plugins/modules/host_fingerprint.py reads it.

    run_id: of the run that it is kept with, None in older records. wrk, h2load, iperf3: path,
    version and SHA-256 of each that is installed. boot_id: made anew at each boot. cloud: what the
    inventory says of a rented host, metadata: what its provider tells the host itself. frameworks:
    what is installed of each; None if that could not be read.
    """

    run_id: str | None = None
    boot_id: str | None = None
    hostname: str | None = None
    os: dict[str, Any] | None = None
    kernel: str | None = None
    kernel_build: str | None = None
    kernel_cmdline: list[str] | None = None
    architecture: str | None = None
    cpu: dict[str, Any] | None = None
    mitigations: dict[str, Any] | None = None
    memory_bytes: int | None = None
    transparent_hugepages: str | None = None
    virtualization: str | None = None
    vendor: str | None = None
    product: str | None = None
    interface: dict[str, Any] | None = None
    sysctl: dict[str, Any] | None = None
    clocksource: str | None = None
    systemd: str | None = None
    libc: str | None = None
    python: str | None = None
    wrk: dict[str, Any] | str | None = None
    h2load: dict[str, Any] | None = None
    iperf3: dict[str, Any] | None = None
    cloud: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    frameworks: dict[str, Installed | None] = {}


# --- the run: run.json --------------------------------------------------------------------------


class RecordedTestbed(Part, kw_only=True):
    """One server host with its load generators.

    threads: of the load tool. all_workers: how many workers `all` is, if the plan has that.
    machine: the kind of machine that the server is, None if the inventory does not say.
    """

    name: str = "main"
    server: str | None = None
    generators: list[str] = []
    address: str | None = None
    port: int | None = None
    threads: int | None = None
    all_workers: int | None = None
    machine: str | None = None


class Described(Part, kw_only=True):
    """A framework, as its framework.yml described it at the time.

    role: "framework", or "ceiling" (what generator and path can do, in no rank). control_of: the
    framework that this one is a second time (the A/A control). digest: of its files, None in older
    records. folder, variant: the two parts of its name; files, env, loop, overrides: what was
    different in its variant. Older records have none of them.
    """

    title: str = ""
    stack: str = ""
    language: str = ""
    runtime: str | None = None
    python: str | None = None
    packages: list[str] = []
    build: list[str] = []
    note: str = ""
    role: str = "framework"
    control_of: str | None = None
    digest: str | None = None
    folder: str = ""
    variant: str = ""
    files: str | None = None
    env: dict[str, str] = {}
    loop: str | None = None
    overrides: dict[str, str] = {}


class RoundsTaken(Part, kw_only=True):
    """How many rounds there were of those declared, and why no more."""

    rounds: Count
    reason: str = ""


class Interruption(Part, kw_only=True):
    """Between two parts of a run nothing was measured. at: when the last record was written.

    measured: so many measurements were complete. changes: what differs since, in sentences.
    """

    at: str | None = None
    resumed: str
    measured: Count
    changes: list[str] = []


class StandingFault(Part, kw_only=True):
    """A fault of the harness whose record was not made anew without one.

    record: the file in which it is kept; empty if an older run does not say it.
    """

    record: str
    reason: str

    @property
    def text(self) -> str:
        return f"{self.record}: {self.reason}" if self.record else self.reason


class Like(Part, kw_only=True):
    """The earlier run that a run measures again.

    path: of its folder (plan/earlier_run.py). changes: what was known to differ from it before
    anything was measured, in sentences, which a person has accepted.
    """

    run_id: str
    path: str
    changes: list[str] = []


class RunRecord(Document, kw_only=True):
    """The run: written when it begins, completed as it goes on.

    rounds: the schedule, in the order of measuring. rounds_taken: by testbed, if precision ended
    the rounds there. given_up: by testbed, why nothing more was measured on it. controller_cpu_s:
    by testbed, CPU time of the controller in the measuring phase, without Ansible's main process.
    versions: of Ansible, Python and the project. programs: the digest of files/, None in older
    records. interruptions: in their order. like: None if the run has a plan of its own.
    """

    started: str | None = None
    measuring_started: str | None = None
    measuring_ended: str | None = None
    ended: str | None = None
    command: list[str] = []
    commit: str | None = None
    dirty: bool = False
    variables: dict[str, Any] = {}
    frameworks: Annotated[dict[str, Described], Few] = {}
    testbeds: Annotated[list[RecordedTestbed], Few] = []
    rounds: list[list[PlannedCell]] = []
    versions: dict[str, Any] = {}
    harness_faults: list[StandingFault | str] = []
    """Older runs have texts, which begin with the file or have none."""
    rounds_taken: dict[str, RoundsTaken] = {}
    given_up: dict[str, str] = {}
    controller_cpu_s: dict[str, float] = {}
    programs: str | None = None
    interruptions: Annotated[list[Interruption], Few] = []
    like: Like | None = None


# --- what happens, as it happens: progress.jsonl ------------------------------------------------


class Event(Part, kw_only=True, tag_field="event"):
    """One line. time: ISO 8601; seconds_left: of the whole run, None if nobody estimated it."""

    time: str
    run_id: str
    seconds_left: int | None


class RunStarted(Event, kw_only=True, tag="run_started"):
    """count: measurements on each testbed, at most so many if `extended`."""

    testbeds: list[str]
    cells: Count
    rounds: Count
    count: Count
    extended: bool


class RunResumed(Event, kw_only=True, tag="run_resumed"):
    """An interrupted run goes on. measured: so many of `count` on each testbed are complete."""

    measured: dict[str, Count]
    count: Count


class CellEvent(CellFactors, frozen=True, kw_only=True, tag_field="event"):
    """A cell was measured with a load tool.

    requests_per_s: as the tool counted by its own clock; None if it got no answer. said: the same
    in words, for people. record: the file that it is in.
    """

    time: str
    run_id: str
    seconds_left: int | None
    testbed: str
    requests_per_s: float | None
    said: str
    record: str


class Measured(CellEvent, frozen=True, kw_only=True, tag="measurement"):
    """A measurement is recorded: `number` of `count` on its testbed, in the file `record`."""

    round: Positive
    position: Count
    threads: int | None
    number: Count
    count: Count


class AnswersChecked(CellEvent, frozen=True, kw_only=True, tag="answers"):
    """Every answer of a window was checked, in which nothing was measured."""

    round: Positive


class Probed(ServerFactors, frozen=True, kw_only=True, tag_field="event", tag="probe"):
    """A probe is recorded: `number` of `count` on its testbed. probed: whether it got an answer."""

    time: str
    run_id: str
    seconds_left: int | None
    testbed: str
    number: Positive
    count: Count
    probed: bool
    said: str
    record: str


class CrossChecked(CellEvent, frozen=True, kw_only=True, tag="crosscheck"):
    """A cell under another load tool. round: None at a constant rate, and rate: None in a round."""

    tool: str
    round: int | None
    rate: float | None


class RoundsDecided(Event, kw_only=True, tag="rounds_decided"):
    """Whether precision asks for another round after this one; said: why, in words."""

    testbed: str
    round: Positive
    another: bool
    said: str


class Notice(Event, kw_only=True, tag="notice"):
    """What a person should know of a testbed; no fault of the harness that counts."""

    testbed: str
    said: str


class Pause(Event, kw_only=True, tag="testbed_waits"):
    """Nothing is started on this testbed for so long, s; then it tries again."""

    testbed: str
    pause_s: Count
    reason: str


class HarnessFault(Event, kw_only=True, tag="harness_fault"):
    """The harness could not do its part; record: the file in which that is kept."""

    testbed: str
    record: str
    reason: str


class GivenUp(Event, kw_only=True, tag="testbed_given_up"):
    """Nothing more is measured on this testbed."""

    testbed: str
    reason: str


class RunEnded(Event, kw_only=True, tag="run_ended"):
    """The last line; without it the run goes on or was interrupted."""

    harness_faults: Count


TestbedEvent: TypeAlias = (
    Measured
    | Probed
    | CrossChecked
    | AnswersChecked
    | RoundsDecided
    | Notice
    | Pause
    | HarnessFault
    | GivenUp
)
"""What happens on one testbed, and has a line for people."""
AnyEvent: TypeAlias = RunStarted | RunResumed | RunEnded | TestbedEvent
