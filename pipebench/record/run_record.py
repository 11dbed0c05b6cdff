"""A run as it is read: run.json and hosts/, with what of them cannot be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from pipebench.documents.declared import near
from pipebench.record import store
from pipebench.record.factors import Cell
from pipebench.record.folder import content_of
from pipebench.record.reading import (
    DOCUMENT_BYTES,
    json_value,
    one_document,
    parse,
    read,
    salvage,
)
from pipebench.record.schema import (
    SCHEMA_VERSION,
    HostFingerprint,
    Installed,
    Interruption,
    Like,
    RecordedTestbed,
    RecordError,
    RoundsTaken,
    RunError,
    RunRecord,
    StandingFault,
    TuningRecord,
)
from pipebench.record.values import first_of, line, worded

NAMED_RUNS = 5
"""Of the runs in a folder that is not one itself, so many of the last are named."""
UNOPTIMISED = ("maven",)
"""Sources of CPythons that were built without profile-guided optimisation."""
NOT_OPTIMISED = "not an optimised build"
KEEPS_FAULTS = tuple(
    f"{folder}/"
    for folder in (
        store.RAW, store.CROSSCHECK, store.PROBE, store.PATH, store.CLOCKS, store.TUNING
    )
)  # fmt: skip
"""Where a fault of the harness is kept, as the text of an older run begins."""


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
    """The framework that this one repeats, as the A/A control, which has no rank."""
    runtime: str | None = None
    """What runs it, as it was installed: "CPython 3.13.5 (system)"."""
    python: str | None = None
    """As declared; None: the usual one."""
    packages: list[str] = field(default_factory=list)
    """Debian's, that it requires on the server."""
    build: list[str] = field(default_factory=list)
    files: str | None = None
    """The folder below the framework's that a variant has files of its own in."""
    loop: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    overrides: dict[str, str] = field(default_factory=dict)

    @property
    def installed(self) -> dict[str, str]:
        """The version of each package, and of the runtime, by name."""
        words = [version.split() for version in self.versions]
        return {word[0]: word[1] for word in words if len(word) > 1}

    @property
    def ranked(self) -> bool:
        """Whether it is one that is compared with others."""
        return self.role == "framework" and self.control_of is None


@dataclass(frozen=True, slots=True)
class Run:
    """run.json and hosts/*.json. Times are None if the run has not come that far."""

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
    testbeds: list[RecordedTestbed]
    rounds: list[list[Cell]]
    versions: dict[str, Any]
    harness_faults: list[StandingFault]
    hosts: dict[str, dict[str, Any]]
    rounds_taken: dict[str, RoundsTaken] = field(default_factory=dict)
    """By testbed, if rounds were extended by precision; `rounds` has no more than these."""
    given_up: dict[str, str] = field(default_factory=dict)
    """Why nothing more was measured on a testbed, by its name."""
    controller_cpu_s: dict[str, float] = field(default_factory=dict)
    """CPU time of the controller in the measuring phase, by testbed."""
    interruptions: list[Interruption] = field(default_factory=list)
    tunings: list[TuningRecord] = field(default_factory=list)
    like: Like | None = None
    """The earlier run that this one measures again."""
    problems: list[str] = field(default_factory=list)

    @property
    def cells(self) -> list[Cell]:
        """Every scheduled cell once, in the order of the first round."""
        return list(dict.fromkeys(cell for cells in self.rounds for cell in cells))

    @property
    def interrupted_s(self) -> float:
        """How long nothing was measured between the parts of the run, s."""
        gaps = [(moment(one.at), moment(one.resumed)) for one in self.interruptions]
        return sum((end - begin).total_seconds() for begin, end in gaps if begin and end)

    @property
    def scheduled(self) -> int:
        """Measurements scheduled, over all rounds and testbeds."""
        return sum(len(cells) for cells in self.rounds)


def _not_a_run(folder: Path) -> str:
    """Why a folder is not a run, and which one of those in or above it may be meant."""
    inner = sorted(path.parent.name for path in folder.glob(f"*/{store.RUN}"))
    if inner:
        more = f" and {len(inner) - NAMED_RUNS} more" if len(inner) > NAMED_RUNS else ""
        return f"{folder} is not a run; its runs: {', '.join(inner[-NAMED_RUNS:])}{more}"
    above = folder.resolve().parent
    if (above / store.RUN).exists():
        return f"{folder} is a part of a run; the run is {above}"
    return f"{folder} is not a run: it has no {store.RUN}"


def _not_a_folder(folder: Path) -> str:
    """What is there instead, and which run may be meant."""
    if folder.exists():
        of_run = (folder.parent / store.RUN).exists()
        return f"{folder} is a file; a run is a folder{f', here {folder.parent}' if of_run else ''}"
    parent = folder.parent
    runs = [one.parent for one in sorted(parent.glob(f"*/{store.RUN}"))]
    meant = near(folder.name, [one.name for one in runs])
    return f"{folder} does not exist{f'; did you mean {parent / meant}?' if meant else ''}"


def load_run(folder: Path) -> Run:
    """Read run.json and hosts/*.json of a run, finished or not.

    Nothing but the schema version and the run's id is required of run.json. RunError: there is no
    folder, no run.json, or it cannot be read as one.
    """
    if not folder.is_dir():
        raise RunError(_not_a_folder(folder))
    if links := store.leads_out(folder):
        raise RunError(f"{folder} has links in place of files ({', '.join(links)}); remove them")
    path = folder / store.RUN
    if not path.exists():
        raise RunError(_not_a_run(folder))
    try:
        record, problems = read_run_record(folder)
    except RecordError as error:
        raise RunError(f"{path} cannot be used: {error}") from error
    record = worded(record)
    found = read_hosts(folder, problems, record.run_id)
    hosts = {line(name): worded(host) for name, host in found.items()}
    return Run(
        folder=folder,
        run_id=record.run_id,
        started=moment(record.started),
        ended=moment(record.ended),
        measuring_started=moment(record.measuring_started),
        measuring_ended=moment(record.measuring_ended),
        command=record.command,
        commit=record.commit,
        dirty=record.dirty,
        variables=record.variables,
        frameworks=_frameworks(record, hosts),
        testbeds=record.testbeds,
        rounds=_schedule(record),
        versions=record.versions,
        harness_faults=[_fault(fault) for fault in record.harness_faults],
        hosts={name: _described(host) for name, host in hosts.items()},
        rounds_taken=record.rounds_taken,
        given_up=record.given_up,
        controller_cpu_s=record.controller_cpu_s,
        interruptions=record.interruptions,
        tunings=list(map(worded, read_tunings(folder, record.run_id))),
        like=record.like,
        problems=[line(problem) for problem in first_of(problems)],
    )


def _fault(fault: StandingFault | str) -> StandingFault:
    """A fault as an older run has it: a text."""
    if isinstance(fault, StandingFault):
        return fault
    record, _, reason = fault.partition(": ")
    is_file = record.startswith(KEEPS_FAULTS)
    return (
        StandingFault(record=record, reason=reason)
        if is_file
        else StandingFault(record="", reason=fault)
    )


def read_run_record(folder: Path) -> tuple[RunRecord, list[str]]:
    """run.json, and a sentence for each part of it that cannot be used. RecordError: none can."""
    with one_document():
        content = content_of(folder, store.RUN, DOCUMENT_BYTES)
        try:
            return parse(content, RunRecord, store.RUN), []
        except RecordError:
            return salvage(json_value(content, deep=True), RunRecord, store.RUN)


def _described(host: HostFingerprint) -> dict[str, Any]:
    """What a fingerprint says of its host."""
    values: dict[str, Any] = msgspec.to_builtins(host)
    del values["run_id"]
    return values


def read_hosts(folder: Path, problems: list[str], run_id: str) -> dict[str, HostFingerprint]:
    """The fingerprints by host; `problems` gets a sentence for what of them is not right."""
    hosts = {}
    for file in store.files(folder, store.HOSTS):
        try:
            with one_document():
                value = json_value(content_of(folder, file, DOCUMENT_BYTES), deep=True)
                host, unusable = salvage(value, HostFingerprint, file)
        except RecordError as error:
            problems.append(f"{file} cannot be used: {error}")
            continue
        if host.run_id not in (None, run_id):
            problems.append(f"{file} says that it is of another run")
        hosts[store.stem(file)] = host
        problems += unusable
    return hosts


def read_tunings(folder: Path, run_id: str) -> Iterator[TuningRecord]:
    """What was set on each host; one that cannot be read is one that was not put back."""
    for name in (store.TUNING, store.PINNING):
        for file in store.files(folder, name):
            try:
                yield read(folder, file, TuningRecord)
            except RecordError as error:
                yield TuningRecord(
                    schema_version=SCHEMA_VERSION,
                    run_id=run_id,
                    testbed=store.stem(file),
                    host="",
                    error=f"{file}: {error}",
                )


def moment(text: str | None) -> datetime | None:
    """A time of a record; None if there is none, or it is not one."""
    try:
        found = datetime.fromisoformat(text or "")
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # the last day of 9999, west of Greenwich
        return None


def _frameworks(record: RunRecord, hosts: dict[str, HostFingerprint]) -> dict[str, Framework]:
    return {
        name: Framework(
            name=name,
            title=described.title or name,
            stack=described.stack,
            language=described.language,
            note=described.note.strip(),
            versions=_installed(name, hosts),
            role=described.role,
            control_of=described.control_of,
            runtime=installed_of(name, hosts).runtime,
            python=described.python,
            packages=described.packages,
            build=described.build,
            files=described.files,
            loop=described.loop,
            env=described.env,
            overrides=described.overrides,
        )
        for name, described in record.frameworks.items()
    }


def _installed(name: str, hosts: dict[str, HostFingerprint]) -> list[str]:
    """What is installed of a framework, from the first host that has it."""
    installed = installed_of(name, hosts)
    packages = [f"{package} {version}" for package, version in installed.packages.items()]
    unoptimised = bool(installed.interpreter and installed.interpreter.source in UNOPTIMISED)
    runtime = f"{installed.runtime}, {NOT_OPTIMISED}" if unoptimised else installed.runtime
    return [*([runtime] if runtime else []), *packages]


def installed_of(name: str, hosts: Mapping[str, HostFingerprint]) -> Installed:
    """The same as it is recorded; empty if no host has it."""
    found = (host.frameworks.get(name) for host in hosts.values())
    return next((one for one in found if one and (one.runtime or one.packages)), Installed())


def _schedule(record: RunRecord) -> list[list[Cell]]:
    """The cells of each round on every testbed, without those that precision made needless."""
    names = [testbed.name for testbed in record.testbeds] or ["main"]
    taken = record.rounds_taken
    rounds = [
        [
            cell.on(name)
            for cell in cells
            for name in names
            if name not in taken or number <= taken[name].rounds
        ]
        for number, cells in enumerate(record.rounds, start=1)
    ]
    while taken and rounds and not rounds[-1]:
        rounds.pop()
    return rounds
