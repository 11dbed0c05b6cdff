"""What the probe saw of each framework: results/<run_id>/probe/*.json, read, and as a table."""

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from pipebench.record import store
from pipebench.record.checks import check_version
from pipebench.record.reading import parse, read
from pipebench.record.run import Run
from pipebench.record.schema import (
    NOTHING,
    PROGRAM_VERSION,
    Case,
    InvalidRecord,
    ProbeRecord,
    RecordError,
)
from pipebench.record.schema import Probe as ProbeDocument

NOT_PROBED = "not probed"
TELLING = ("pipelined", "keep-alive", "pipelined-deeper", "single")


class Server(NamedTuple):
    """What was probed, in a process of its own."""

    testbed: str
    framework: str
    workers: int


@dataclass(frozen=True, slots=True)
class Probe:
    """One framework's conformance. cases: empty where it was not probed, and `why` says why."""

    server: Server
    cases: list[Case]
    why: str | None
    harness_fault: str | None

    @property
    def broken(self) -> list[Case]:
        """The cases that a measurement relies on and that the framework fails."""
        return [case for case in self.cases if case.relied_on and case.conforms is False]


@dataclass(frozen=True, slots=True)
class Table:
    """Frameworks across, cases down. why: of those that were not probed, by their heading."""

    heads: list[str]
    rows: list[tuple[Case, list[str]]]
    details: list[tuple[str, Case]]
    """Heading and case wherever something does not conform."""
    why: dict[str, str]


def read_probes(run: Run) -> tuple[dict[Server, Probe], list[InvalidRecord]]:
    """Every probe's record of a run, and those that cannot be used, with the reason."""
    probes: dict[Server, Probe] = {}
    invalid: list[InvalidRecord] = []
    for path in store.files(run.folder / store.PROBE):
        try:
            probe = probe_of(read(path, ProbeRecord), run.run_id)
        except RecordError as error:
            invalid.append(InvalidRecord(path.name, str(error)))
            continue
        probes[probe.server] = probe
    return probes, invalid


def probe_of(record: ProbeRecord, run_id: str) -> Probe:
    """What one record says. RecordError: it cannot be used."""
    if record.run_id != run_id:
        raise RecordError(f"it belongs to run {record.run_id}")
    why, cases = _seen(record)
    return Probe(
        server=Server(record.testbed, record.framework, record.workers),
        cases=[] if why else cases,
        why=why,
        harness_fault=record.harness_fault,
    )


def _seen(record: ProbeRecord) -> tuple[str | None, list[Case]]:
    """Why nothing was probed, or the cases."""
    if not record.deployment.available:
        return record.deployment.reason or "it could not be deployed", []
    if record.probe == NOTHING:
        error = record.server.ready_error if record.server else None
        return error or "the probe did not come to it", []
    probe = parse(record.probe, ProbeDocument, "probe of the record")
    check_version(probe.schema_version, "probe of the record", (PROGRAM_VERSION,))
    return probe.error, probe.cases


def sentence(probe: Probe) -> str | None:
    """What of the cases that a measurement relies on is broken: by class, and one case in words."""
    classes: dict[str, list[Case]] = defaultdict(list)
    for case in sorted(probe.broken, key=lambda case: _weight(case.name)):
        classes[case.seen].append(case)
    told = []
    for seen, (case, *others) in classes.items():
        also = f" (also {', '.join(other.name for other in others)})" if others else ""
        told.append(f"{case.name}: {seen}, {case.detail}{also}")
    return f"probe: {'; '.join(told)}" if told else None


def _weight(name: str) -> int:
    """The case that tells most of a measurement comes first."""
    return TELLING.index(name) if name in TELLING else len(TELLING)


def table(probes: dict[Server, Probe], titles: dict[str, str]) -> Table | None:
    """The conformance table of a run; None where nothing was probed."""
    if not probes:
        return None
    several = {
        key: len({getattr(server, key) for server in probes}) > 1 for key in ("testbed", "workers")
    }

    def head(server: Server) -> str:
        words = [titles.get(server.framework, server.framework)]
        if several["workers"]:
            words.append(f"{server.workers} worker{'s' if server.workers > 1 else ''}")
        words += [server.testbed] if several["testbed"] else []
        return ", ".join(words)

    order = sorted(probes, key=lambda server: (server.testbed, head(server).lower()))
    heads = {server: head(server) for server in order}
    first = next((probe.cases for probe in probes.values() if probe.cases), [])
    by_name = {server: {case.name: case for case in probes[server].cases} for server in order}
    rows = []
    for case in first:
        found = [by_name[server].get(case.name) for server in order]
        rows.append((case, [_cell(one) for one in found]))
    return Table(
        heads=list(heads.values()),
        rows=rows,
        details=[
            (heads[server], case)
            for server in order
            for case in probes[server].cases
            if case.conforms is False
        ],
        why={heads[server]: why for server in order if (why := probes[server].why)},
    )


def _cell(case: Case | None) -> str:
    """The class, and whether that conforms where the class alone does not say so."""
    if case is None:
        return NOT_PROBED
    if case.conforms is False:
        return f"**{case.seen}**"
    return case.seen
