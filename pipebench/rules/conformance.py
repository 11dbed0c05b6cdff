"""What the probe saw of each framework: results/<run_id>/probe/*.json, read, and as a table."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipebench.record.schema import (
    Fields,
    InvalidRecord,
    RecordError,
    Run,
    json_files,
    read_json,
)

NOT_PROBED = "not probed"
TELLING = ("pipelined", "keep-alive", "pipelined-deeper", "single")


class Server(NamedTuple):
    """What was probed, in a process of its own."""

    testbed: str
    framework: str
    workers: int


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that was asked. conforms: None where it could not be told."""

    name: str
    title: str
    asks: str
    relied_on: bool
    seen: str
    """The class, as docs/probe.md has them."""
    conforms: bool | None
    answered: int | None
    expected: int | None
    detail: str


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
    for path in json_files(run.folder / "probe"):
        try:
            probe = parse_probe(read_json(path), run.run_id)
        except RecordError as error:
            invalid.append(InvalidRecord(path.name, str(error)))
            continue
        probes[probe.server] = probe
    return probes, invalid


def parse_probe(document: Any, run_id: str) -> Probe:
    """One record, checked. RecordError: it cannot be used."""
    record = Fields(document, "the record")
    record.check_version()
    if record.text("run_id") != run_id:
        raise RecordError(f"it belongs to run {record.text('run_id')}")
    deployment = record.object("deployment")
    why = None
    cases: list[Case] = []
    if not deployment.flag("available"):
        why = deployment.optional_text("reason") or "it could not be deployed"
    elif record.value.get("probe") is None:
        server = record.object("server")
        why = server.optional_text("ready_error") or "the probe did not come to it"
    else:
        probe = record.object("probe")
        probe.check_version()
        why = probe.optional_text("error")
        cases = [_case(Fields(item, "a case")) for item in probe.items("cases")]
    return Probe(
        server=Server(record.text("testbed"), record.text("framework"), record.integer("workers")),
        cases=cases if why is None else [],
        why=why,
        harness_fault=record.optional_text("harness_fault"),
    )


def _case(case: Fields) -> Case:
    return Case(
        name=case.text("name"),
        title=case.text("title"),
        asks=case.text("asks"),
        relied_on=case.flag("relied_on"),
        seen=case.text("class"),
        conforms=case.optional_flag("conforms"),
        answered=case.optional_integer("answered"),
        expected=case.optional_integer("expected"),
        detail=case.text("detail"),
    )


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
