"""What a run left in results/<run_id>/: read, checked, typed.

The schema is docs/architecture.md's. Reading is strict about what figures are made of and
tolerant about the rest: a raw record that cannot be used is named, never fatal.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

SCHEMA_VERSION = 1

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class RunError(Exception):
    """The folder is no run; the message is a sentence for the user."""


class RecordError(Exception):
    """The record cannot be used; the message is a sentence for the report."""


class Cell(NamedTuple):
    """What is measured: the same in every round."""

    testbed: str
    framework: str
    workers: int
    depth: int
    connections: int


@dataclass(frozen=True, slots=True)
class InvalidRecord:
    """A raw record kept out of the figures."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Framework:
    """One system under test, as its framework.yml described it at the time."""

    name: str
    title: str
    stack: str
    language: str
    note: str
    versions: list[str]
    """What the server host really installed: "CPython 3.13.5", "uvloop 0.22.1", ..."""
    role: str = "framework"
    """Or "ceiling": what generator and path can do, in no rank."""
    control_of: str | None = None
    """The framework that this one is a second time, in no rank (the A/A control)."""

    @property
    def ranked(self) -> bool:
        """Whether it is one that is compared with others."""
        return self.role == "framework" and self.control_of is None


class RoundsTaken(NamedTuple):
    """How many rounds there were of those declared, and why no more."""

    rounds: int
    reason: str


@dataclass(frozen=True, slots=True)
class Run:
    """run.json and hosts/*.json. Times are None where the run has not come that far."""

    folder: Path
    run_id: str
    started: datetime | None
    ended: datetime | None
    measuring_started: datetime | None
    measuring_ended: datetime | None
    command: list[str]
    commit: str | None
    dirty: bool
    variables: dict[str, Any]
    frameworks: dict[str, Framework]
    testbeds: list[dict[str, Any]]
    rounds: list[list[Cell]]
    versions: dict[str, Any]
    harness_faults: list[str]
    hosts: dict[str, dict[str, Any]]
    rounds_taken: dict[str, RoundsTaken] = field(default_factory=dict)
    """By testbed, where rounds were extended by precision; `rounds` has no more than these."""
    given_up: dict[str, str] = field(default_factory=dict)
    """The testbeds that the harness gave up, and why."""
    problems: list[str] = field(default_factory=list)

    @property
    def cells(self) -> list[Cell]:
        """Every scheduled cell once, in the order of the first round."""
        return list(dict.fromkeys(cell for cells in self.rounds for cell in cells))

    @property
    def scheduled(self) -> int:
        """Measurements scheduled, over all rounds and testbeds."""
        return sum(len(cells) for cells in self.rounds)


@dataclass(frozen=True, slots=True)
class WrkResult:
    """What pipeline.lua wrote: totals of one wrk, and its histogram as wrk holds it.

    values and counts: one-dimensional, the same length, values (us) strictly increasing.
    """

    depth: int
    threads: int
    duration_us: int
    requests: int
    bytes: int
    errors: dict[str, int]
    min_us: int | None
    complete: bool
    values: Integers
    counts: Integers


@dataclass(frozen=True, slots=True)
class Wrk:
    """One execution of wrk. started and ended are unix seconds on the generator."""

    argv: list[str]
    exit_status: int
    started: float
    ended: float
    cpu_s: float | None
    stdout: str
    stderr: str
    result: WrkResult | None


@dataclass(frozen=True, slots=True)
class Samples:
    """The sampler's columns on one host, of one length; NaN where the host did not say.

    t: unix seconds, by the host's own clock. columns: by name, see roles/host/files/sampler.py.
    """

    t: Floats
    columns: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Generator:
    """One load generator's part in a measurement."""

    host: str
    cpus: int | None
    ready_error: str | None
    samples: Samples
    warmup: Wrk | None
    measured: Wrk | None


@dataclass(frozen=True, slots=True)
class Server:
    """The unit under test. state: systemd's properties before it was stopped; exited_at: unix s."""

    host: str
    ready: bool | None
    ready_error: str | None
    cpus: int | None
    state: dict[str, Any]
    started_pid: int | None
    exited_at: float | None
    rss_peak_bytes: int | None
    samples: Samples
    journal: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """One measurement, as it was written down."""

    file: str
    run_id: str
    cell: Cell
    stack: str
    threads: int
    round: int
    position: int
    ended: datetime | None
    available: bool
    unavailable_reason: str | None
    deployment_log: str | None
    server: Server | None
    generators: list[Generator]
    harness_fault: str | None


class Fields:
    """One JSON object with a place, whose fields are asked for by type.

    RecordError: a field is missing, of another type, or out of range.
    """

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise RecordError(f"{where} is {_kind(value)}, not an object")
        self.value: dict[str, Any] = value
        self.where = where

    def check_version(self) -> None:
        version = self.value.get("schema_version")
        if version != SCHEMA_VERSION:
            raise RecordError(f"{self.where} has schema version {version}, not {SCHEMA_VERSION}")

    def integer(self, name: str, minimum: int = 0) -> int:
        number = self.optional_integer(name)
        if number is None:
            raise RecordError(f"{self.where} has no {name}")
        if number < minimum:
            raise RecordError(f"{name} of {self.where} is {number}, below {minimum}")
        return number

    def optional_integer(self, name: str) -> int | None:
        value = self.value.get(name)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise RecordError(f"{name} of {self.where} is {_kind(value)}, not an integer")

    def number(self, name: str) -> float:
        number = self.optional_number(name)
        if number is None:
            raise RecordError(f"{self.where} has no {name}")
        return number

    def optional_number(self, name: str) -> float | None:
        value = self.value.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RecordError(f"{name} of {self.where} is {_kind(value)}, not a number")
        if not math.isfinite(value):
            raise RecordError(f"{name} of {self.where} is {value}, not a finite number")
        return float(value)

    def text(self, name: str) -> str:
        text = self.optional_text(name)
        if text is None:
            raise RecordError(f"{self.where} has no {name}")
        return text

    def optional_text(self, name: str) -> str | None:
        value = self.value.get(name)
        if value is None or isinstance(value, str):
            return value
        raise RecordError(f"{name} of {self.where} is {_kind(value)}, not a text")

    def flag(self, name: str) -> bool:
        flag = self.optional_flag(name)
        if flag is None:
            raise RecordError(f"{self.where} has no {name}")
        return flag

    def optional_flag(self, name: str) -> bool | None:
        value = self.value.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise RecordError(f"{name} of {self.where} is {_kind(value)}, not true or false")

    def items(self, name: str) -> list[Any]:
        value = self.value.get(name)
        if isinstance(value, list):
            return value
        raise RecordError(f"{name} of {self.where} is {_kind(value)}, not a list")

    def object(self, name: str) -> "Fields":
        return Fields(self.value.get(name), f"{name} of {self.where}")


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return "missing" if value is None else names.get(type(value), "a number")


def load_run(folder: Path) -> Run:
    """Read run.json and hosts/*.json of a run, finished or not.

    Nothing but the schema version and the run's id is required of run.json.
    RunError: there is no folder, no run.json, or it cannot be read as one.
    """
    if not folder.is_dir():
        raise RunError(f"{folder} is no folder")
    path = folder / "run.json"
    if not path.is_file():
        raise RunError(f"{folder} is no run: it has no run.json")
    try:
        document = Fields(read_json(path), "run.json")
        document.check_version()
        run_id = document.text("run_id")
    except RecordError as error:
        raise RunError(f"{path} cannot be used: {error}") from error

    problems: list[str] = []
    hosts: dict[str, dict[str, Any]] = {}
    for host in json_files(folder / "hosts"):
        try:
            hosts[host.stem] = Fields(read_json(host), "it").value
        except RecordError as error:
            problems.append(f"hosts/{host.name} cannot be used: {error}")

    run = document.value
    taken = _rounds_taken(run)
    return Run(
        folder=folder,
        run_id=run_id,
        started=_moment(run.get("started")),
        ended=_moment(run.get("ended")),
        measuring_started=_moment(run.get("measuring_started")),
        measuring_ended=_moment(run.get("measuring_ended")),
        command=[str(word) for word in _list(run.get("command"))],
        commit=run.get("commit") if isinstance(run.get("commit"), str) else None,
        dirty=run.get("dirty") is True,
        variables=_dict(run.get("variables")),
        frameworks=_frameworks(run, hosts),
        testbeds=[item for item in _list(run.get("testbeds")) if isinstance(item, dict)],
        rounds=_schedule(run, taken, problems),
        versions=_dict(run.get("versions")),
        harness_faults=[str(fault) for fault in _list(run.get("harness_faults"))],
        hosts=hosts,
        rounds_taken=taken,
        given_up={name: str(why) for name, why in _dict(run.get("given_up")).items()},
        problems=problems,
    )


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _frameworks(run: dict[str, Any], hosts: dict[str, dict[str, Any]]) -> dict[str, Framework]:
    frameworks = {}
    for name, described in _dict(run.get("frameworks")).items():
        about = _dict(described)
        frameworks[name] = Framework(
            name=name,
            title=str(about.get("title") or name),
            stack=str(about.get("stack") or ""),
            language=str(about.get("language") or ""),
            note=str(about.get("note") or "").strip(),
            versions=_installed(name, hosts),
            role=str(about.get("role") or "framework"),
            control_of=str(about["control_of"]) if about.get("control_of") else None,
        )
    return frameworks


def _installed(name: str, hosts: dict[str, dict[str, Any]]) -> list[str]:
    """versions.json of a framework, from the first host that has it."""
    for host in hosts.values():
        found = _dict(_dict(host.get("frameworks")).get(name))
        if found:
            packages = _dict(found.get("packages")).items()
            runtime = [str(found["runtime"])] if found.get("runtime") else []
            return [*runtime, *(f"{package} {version}" for package, version in packages)]
    return []


def _rounds_taken(run: dict[str, Any]) -> dict[str, RoundsTaken]:
    taken = {}
    for testbed, said in _dict(run.get("rounds_taken")).items():
        rounds = _dict(said).get("rounds")
        if isinstance(rounds, int):
            taken[testbed] = RoundsTaken(rounds, str(_dict(said).get("reason") or ""))
    return taken


def _schedule(
    run: dict[str, Any], taken: dict[str, RoundsTaken], problems: list[str]
) -> list[list[Cell]]:
    """The cells of each round; those that precision made needless are not in it."""
    testbeds = [str(_dict(item).get("name") or "main") for item in _list(run.get("testbeds"))]
    rounds = []
    for number, scheduled in enumerate(_list(run.get("rounds")), start=1):
        cells = []
        for item in _list(scheduled):
            try:
                planned = Fields(item, "a cell")
                name = planned.text("framework")
                numbers = [planned.integer(key, 1) for key in ("workers", "depth", "connections")]
            except RecordError as error:
                problems.append(f"the schedule of round {number} cannot be used: {error}")
                continue
            cells += [
                Cell(testbed, name, *numbers)
                for testbed in testbeds or ["main"]
                if testbed not in taken or number <= taken[testbed].rounds
            ]
        rounds.append(cells)
    while taken and rounds and not rounds[-1]:
        rounds.pop()
    return rounds


def read_records(run: Run) -> Iterator[Record | InvalidRecord]:
    """Read raw/*.json of a run one by one, in the order of their names.

    What cannot be used comes as an InvalidRecord with its reason. Nothing is kept here, so that
    the caller may reduce each record before the next is read.
    """
    for path in json_files(run.folder / "raw"):
        yield read_record(path, run.run_id)


def read_record(path: Path, run_id: str) -> Record | InvalidRecord:
    """Read one raw record of a run."""
    try:
        record = parse_record(read_json(path), path.name)
    except RecordError as error:
        return InvalidRecord(path.name, str(error))
    if record.run_id != run_id:
        return InvalidRecord(path.name, f"it belongs to run {record.run_id}")
    return record


def json_files(folder: Path) -> list[Path]:
    """The records in a folder, in the order of their names; none where there is no folder."""
    # a leading dot: being written just now
    return sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))


def read_json(path: Path) -> Any:
    """A file's JSON value. RecordError: it cannot be read as one, and why."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordError(f"it cannot be read ({error.strerror})") from error
    if not content.strip():
        raise RecordError("it is empty")
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return _read_exactly(content)


def _read_exactly(content: bytes) -> Any:
    """Slower, takes NaN, and can tell what is cut short from what is no JSON."""
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        rest = error.doc[error.pos :].strip()
        if not rest or error.msg.startswith("Unterminated"):
            raise RecordError(f"it is truncated after {len(content)} bytes") from error
        raise RecordError(f"it is truncated or no JSON ({error})") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(f"it is no JSON ({error})") from error


def parse_record(document: Any, file: str) -> Record:
    """Check one raw record's document (any JSON value) and type it.

    RecordError: another schema version, or something that figures are made of is missing, of
    the wrong type or contradicts the rest.
    """
    record = Fields(document, "the record")
    record.check_version()
    deployment = record.object("deployment")
    available = deployment.flag("available")
    server = record.value.get("server")
    depth = record.integer("depth", 1)
    generators = [
        _generator(Fields(item, f"generator {number}"), depth)
        for number, item in enumerate(_list(record.value.get("generators")), start=1)
    ]
    return Record(
        file=file,
        run_id=record.text("run_id"),
        cell=Cell(
            record.text("testbed"),
            record.text("framework"),
            record.integer("workers", 1),
            depth,
            record.integer("connections", 1),
        ),
        stack=record.text("stack"),
        threads=record.integer("threads", 1),
        round=record.integer("round", 1),
        position=record.integer("position"),
        ended=_moment(record.value.get("ended")),
        available=available,
        unavailable_reason=deployment.optional_text("reason"),
        deployment_log=deployment.optional_text("log"),
        server=None if server is None else _server(Fields(server, "server")),
        generators=generators,
        harness_fault=record.optional_text("harness_fault"),
    )


def _server(server: Fields) -> Server:
    state = server.value.get("state")
    return Server(
        host=server.text("host"),
        ready=server.optional_flag("ready"),
        ready_error=server.optional_text("ready_error"),
        cpus=server.optional_integer("cpus"),
        state=_dict(state),
        started_pid=server.optional_integer("started_pid"),
        exited_at=server.optional_number("exited_at"),
        rss_peak_bytes=server.optional_integer("rss_peak_bytes"),
        samples=_samples(server),
        journal=server.optional_text("journal"),
    )


def _samples(parent: Fields) -> Samples:
    """Counters by time; a value that was not known is NaN. No samples: none of anything."""
    sampled = _dict(parent.value.get("samples"))
    lengths = {len(column) if isinstance(column, list) else -1 for column in sampled.values()}
    if len(lengths) > 1 or (sampled and "t" not in sampled):
        raise RecordError(f"the samples of {parent.where} are not as many in every column")
    try:
        table = np.array(list(sampled.values()), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise RecordError(f"the samples of {parent.where} are no columns of numbers") from error
    if sampled and table.ndim != 2:
        raise RecordError(f"the samples of {parent.where} are no columns of numbers")
    columns = dict(zip(sampled, table, strict=True))
    t = columns.pop("t", np.empty(0))
    if not np.isfinite(t).all() or (t[1:] < t[:-1]).any():
        raise RecordError(f"the samples of {parent.where} are not in the order of time")
    return Samples(t, columns)


def _generator(generator: Fields, depth: int) -> Generator:
    executions = {}
    for phase in ("warmup", "measured"):
        value = generator.value.get(phase)
        where = f"{phase} of {generator.where}"
        executions[phase] = None if value is None else _wrk(Fields(value, where), depth)
    return Generator(
        host=generator.text("host"),
        cpus=generator.optional_integer("cpus"),
        ready_error=generator.optional_text("ready_error"),
        samples=_samples(generator),
        warmup=executions["warmup"],
        measured=executions["measured"],
    )


def _wrk(wrk: Fields, depth: int) -> Wrk:
    started, ended = wrk.number("started"), wrk.number("ended")
    if ended < started:
        raise RecordError(f"{wrk.where} ended before it started")
    result = wrk.value.get("result")
    return Wrk(
        argv=[str(word) for word in wrk.items("argv")],
        exit_status=wrk.integer("exit_status", -255),
        started=started,
        ended=ended,
        cpu_s=wrk.optional_number("cpu_s"),
        stdout=wrk.optional_text("stdout") or "",
        stderr=wrk.optional_text("stderr") or "",
        result=None
        if result is None
        else _wrk_result(Fields(result, f"result of {wrk.where}"), depth),
    )


def _wrk_result(result: Fields, depth: int) -> WrkResult:
    result.check_version()
    if result.integer("depth", 1) != depth:
        raise RecordError(f"{result.where} is of depth {result.integer('depth')}, not {depth}")
    errors = result.object("errors")
    # a warm-up is kept without its histogram
    latency = Fields({"histogram": [], "complete": False}, "")
    if result.value.get("latency") is not None:
        latency = result.object("latency")
    values, counts = _histogram(latency)
    return WrkResult(
        depth=depth,
        threads=result.integer("threads", 1),
        duration_us=result.integer("duration_us", 1),
        requests=result.integer("requests"),
        bytes=result.integer("bytes"),
        errors={
            kind: errors.integer(kind) for kind in ("connect", "read", "write", "status", "timeout")
        },
        # wrk without one batch holds no smallest value; whatever stands there is none
        min_us=latency.optional_integer("min_us") if len(values) else None,
        complete=latency.flag("complete"),
        values=values,
        counts=counts,
    )


def _histogram(latency: Fields) -> tuple[Integers, Integers]:
    pairs = latency.items("histogram")
    if not pairs:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    try:
        table = np.array(pairs)
    except (ValueError, OverflowError) as error:
        raise RecordError(f"the histogram of {latency.where} is no list of pairs") from error
    if table.ndim != 2 or table.shape[1] != 2 or table.dtype.kind not in "if":
        raise RecordError(f"the histogram of {latency.where} is no list of pairs of integers")
    integers = table.astype(np.int64)
    if (integers != table).any() or (integers < 0).any():
        raise RecordError(f"the histogram of {latency.where} holds something but counts")
    values, counts = integers[:, 0], integers[:, 1]
    if (np.diff(values) <= 0).any():
        raise RecordError(f"the histogram of {latency.where} is not in the order of its values")
    return values, counts


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
