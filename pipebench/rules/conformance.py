"""The conformance of each framework, from results/<run_id>/probe/, and a table of it."""

from collections import defaultdict
from dataclasses import dataclass

from msgspec import structs

from pipebench.record import store
from pipebench.record.checks import check_version
from pipebench.record.factors import PLACE, ProbedServer, factors_in
from pipebench.record.reading import one_document, parse, read
from pipebench.record.run_record import Run
from pipebench.record.schema import (
    NOTHING,
    PROGRAM_VERSION,
    Case,
    InvalidRecord,
    Probe,
    ProbeRecord,
    RecordError,
)
from pipebench.record.values import line, worded

TELLING = (
    "pipelined", "keep-alive", "pipelined-deeper", "single", "drawn-bodies", "drawn-heads",
)  # fmt: skip
KEPT_SHARE = 0.25
"""Of the answers that a client does not read, in a server's memory: then it keeps them, as the
probe has it (files/probe/unread.py)."""

MOST_CASES = 100
"""In the table; the probe has some twenty."""


@dataclass(frozen=True, slots=True)
class Conformance:
    """One framework's conformance. cases: empty if it was not probed; `why` gives the reason."""

    server: ProbedServer
    cases: list[Case]
    why: str | None
    harness_fault: str | None

    @property
    def broken(self) -> list[Case]:
        """The cases that a measurement relies on and that the framework fails."""
        return [case for case in self.cases if case.relied_on and case.conforms is False]


@dataclass(frozen=True, slots=True)
class ConformanceTable:
    """A column per framework, a row per case. why: why a framework was not probed, by heading.

    rows: a case, and how it went with each framework; None if it was not asked.
    """

    heads: list[str]
    rows: list[tuple[Case, list[Case | None]]]
    details: list[tuple[str, Case]]
    """Heading and case, for each case that does not conform."""
    why: dict[str, str]


def read_probes(run: Run) -> tuple[dict[ProbedServer, Conformance], list[InvalidRecord]]:
    """All probes of a run, and the records that cannot be used, with the reason."""
    probes: dict[ProbedServer, Conformance] = {}
    invalid: list[InvalidRecord] = []
    for file in store.files(run.folder, store.PROBE):
        try:
            with one_document():
                probe = probe_of(worded(read(run.folder, file, ProbeRecord)), run.run_id)
        except RecordError as error:
            invalid.append(InvalidRecord(line(store.name_of(file)), line(str(error))))
            continue
        probes[probe.server] = probe
    return probes, invalid


def probe_of(record: ProbeRecord, run_id: str) -> Conformance:
    """The probe in one record. RecordError: the record cannot be used."""
    if record.run_id != run_id:
        raise RecordError(f"it belongs to run {record.run_id}")
    why, cases = _cases(record)
    return Conformance(
        server=record.server_probed,
        cases=[] if why else cases,
        why=why,
        harness_fault=record.harness_fault,
    )


def _cases(record: ProbeRecord) -> tuple[str | None, list[Case]]:
    """Why the framework was not probed, or the cases."""
    if not record.deployment.available:
        return record.deployment.reason or "it could not be deployed", []
    if record.probe == NOTHING:
        error = record.server.ready_error if record.server else None
        return error or "the probe did not start", []
    probe: Probe = worded(parse(record.probe, Probe, "probe of the record"))
    check_version(probe.schema_version, "probe of the record", (PROGRAM_VERSION,))
    return probe.error, [_with_memory(case, record) for case in probe.cases]


def _with_memory(case: Case, record: ProbeRecord) -> Case:
    """A case that only the server's memory decides, which the probe could not see from afar."""
    known = [size for size in record.server_memory_bytes or () if size is not None]
    unread = case.unread
    if not unread or not known or unread.stopped or case.conforms is not None:
        return case
    growth = max(known) - known[0]
    keeps = growth >= KEPT_SHARE * unread.answer_bytes
    return structs.replace(
        case,
        seen="unbounded" if keeps else case.seen,
        conforms=not keeps,
        detail=f"{case.detail}; while it was probed, its memory grew by {growth:,} bytes",
    )


def sentence(probe: Conformance) -> str | None:
    """The broken cases that a measurement relies on: by class, the first of each with details."""
    classes: dict[str, list[Case]] = defaultdict(list)
    for case in sorted(probe.broken, key=lambda case: _weight(case.name)):
        classes[case.seen].append(case)
    parts = []
    for seen, (case, *others) in classes.items():
        also = f" (also {', '.join(other.name for other in others)})" if others else ""
        parts.append(f"{case.name}: {seen}, {case.detail}{also}")
    return f"probe: {'; '.join(parts)}" if parts else None


def _weight(name: str) -> int:
    """The most important case for a measurement comes first."""
    return TELLING.index(name) if name in TELLING else len(TELLING)


def table(
    probes: dict[ProbedServer, Conformance], titles: dict[str, str]
) -> ConformanceTable | None:
    """The conformance table of a run; None if no framework was probed."""
    if not probes:
        return None
    several_testbeds = len({server.testbed for server in probes}) > 1
    differing = [
        factor
        for factor in factors_in(ProbedServer)
        if factor in PLACE and len({factor.of(server) for server in probes}) > 1
    ]

    def head(server: ProbedServer) -> str:
        words = [titles.get(server.framework, server.framework)]
        words += [factor.said(server) for factor in differing]
        words += [server.testbed] if several_testbeds else []
        return ", ".join(words)

    order = sorted(probes, key=lambda server: (server.testbed, head(server).lower()))
    heads = {server: head(server) for server in order}
    first = next((probe.cases for probe in probes.values() if probe.cases), [])[:MOST_CASES]
    by_name = {server: {case.name: case for case in probes[server].cases} for server in order}
    rows = [(case, [by_name[server].get(case.name) for server in order]) for case in first]
    return ConformanceTable(
        heads=list(heads.values()),
        rows=rows,
        details=[
            (heads[server], case)
            for server in order
            for case in probes[server].cases[:MOST_CASES]
            if case.conforms is False
        ],
        why={heads[server]: why for server in order if (why := probes[server].why)},
    )
