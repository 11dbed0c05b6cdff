"""2017 beside today: the published table, and versions of that day and of today in one run.

The published table is data: published/2017.yml. The same rules diagnose what wrk printed in 2017
and what it counted in this run.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from pipebench.measure.measurement import Measurement
from pipebench.record.factors import PLACE, Cell, group_of, place_of
from pipebench.record.names import current_name, parts
from pipebench.record.run_record import Framework
from pipebench.rules.rule import Outcome
from pipebench.run.cells import in_words
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedMeasurement, JudgedRun, typical
from pipebench.show import formats

STACK = "2017"
PUBLISHED = Path(__file__).parent / "published" / "2017.yml"
MOST_TABLES = 6
CLOSES_WITHIN = 0.02
"""How far the read errors may be from one per batch: the end of the run cuts some batches off."""
UNITS_US = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 60e6, "h": 3600e6}


@dataclass(frozen=True, slots=True)
class PrintedCounts:
    """The counts of one wrk, in 2017 or in this run: the input of the diagnosis.

    printed: the latencies that wrk printed, in us, by mean, p50, p75, p90, p99, max.
    log: what the server wrote or how it ended; may be empty.
    """

    requests: int
    requests_per_s: float
    connections: int
    depth: int
    errors: dict[str, int]
    printed: dict[str, float]
    log: str = ""

    @property
    def little_us(self) -> float | None:
        """Mean batch latency by Little's law, in us: an upper bound, as the end cuts batches off.

        None if connections did anything but wait for batches.
        """
        if self.requests <= self.connections or any(self.errors.values()):
            return None
        return self.connections * self.depth / self.requests_per_s * 1e6


@dataclass(frozen=True, slots=True)
class System:
    """One system of the published table. then: the variant of a framework that is its like.

    versions: the newest releases of that day by package; "CPython" is one of them.
    """

    title: str
    then: str
    seen: PrintedCounts
    versions: dict[str, str]

    @property
    def today(self) -> str:
        """The same framework, plain."""
        return parts(self.then).folder


@dataclass(frozen=True, slots=True)
class Published:
    """The table of 2017, and where it was published."""

    title: str
    source: str
    command: str
    place: Cell
    """Of which framework and testbed are open."""
    systems: list[System]


@dataclass(frozen=True, slots=True)
class SystemFigures:
    """One framework in this run. printed: by wrk, in the median round; diagnosis: sentences."""

    row: CellSummary
    printed: dict[str, float]
    diagnosis: list[str]


@dataclass(frozen=True, slots=True)
class SystemRow:
    """One system: as published, and both stacks in this run; None if one was not measured.

    diagnosis: of the published figures.
    """

    system: System
    diagnosis: list[str]
    then: SystemFigures | None
    today: SystemFigures | None
    versions: str
    """Of the stack of 2017, as installed here, with a mark if the newest of the day was another."""

    @property
    def diagnoses(self) -> list[tuple[str, list[str]]]:
        """The sentences with their place; a place without a sentence is left out."""
        places = (
            ("published", self.diagnosis),
            ("stack of 2017, here", self.then.diagnosis if self.then else []),
            ("today's, here", self.today.diagnosis if self.today else []),
        )
        return [(place, sentences) for place, sentences in places if sentences]


@dataclass(frozen=True, slots=True)
class BothStacks:
    """The input of the chapter. groups: by the cell group's name, empty if there is only one."""

    published: Published
    same_group: bool
    """Whether it was measured by the command of 2017: one worker, depth 5, 200 connections."""
    groups: list[tuple[str, list[SystemRow]]] = field(default_factory=list)

    @property
    def has_both(self) -> bool:
        """Whether a system was measured in both stacks."""
        return any(line.then and line.today for _, lines in self.groups for line in lines)


def microseconds(text: str) -> float:
    """A latency as wrk prints it, in us. ValueError: the text is not one."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(us|ms|s|m|h)", text)
    if match is None:
        raise ValueError(f"{text!r} is not a latency as wrk prints it")
    return float(match[1]) * UNITS_US[match[2]]


def printed_by_wrk(text: str) -> dict[str, float]:
    """The latencies in wrk's own text, in us, as in Seen; only those that the text has."""
    latencies: dict[str, float] = {}
    number = r"(\d+(?:\.\d+)?(?:us|ms|s|m|h))"
    if total := re.search(rf"^\s*Latency\s+{number}\s+\S+\s+{number}\s", text, re.MULTILINE):
        latencies |= {"mean": microseconds(total[1]), "max": microseconds(total[2])}
    for percent, value in re.findall(rf"^\s*(50|75|90|99)%\s+{number}\s*$", text, re.MULTILINE):
        latencies.setdefault(f"p{percent}", microseconds(value))
    return latencies


@cache
def published() -> Published:
    """The table of 2017 (pipebench/chapters/published/2017.yml)."""
    document = yaml.safe_load(PUBLISHED.read_text(encoding="utf-8"))
    place = msgspec.convert(document | {"testbed": "", "framework": ""}, Cell)
    return Published(
        title=document["title"],
        source=document["source"],
        command=document["command"],
        place=place,
        systems=[_system(published_system, place) for published_system in document["systems"]],
    )


def _system(document: dict[str, Any], place: Cell) -> System:
    seen = PrintedCounts(
        requests=document["requests"],
        requests_per_s=document["requests_per_s"],
        connections=place.connections,
        depth=place.depth,
        errors=document.get("errors", {}),
        printed={name: microseconds(value) for name, value in document["printed"].items()},
        log=document.get("log", ""),
    )
    return System(document["title"], document["then"], seen, document["versions"])


def closes(seen: PrintedCounts) -> str | None:
    """One read error per batch: the server closes the connection after each batch."""
    reads, batches = seen.errors.get("read", 0), seen.requests / seen.depth
    if not batches or abs(reads / batches - 1) > CLOSES_WITHIN:
        return None
    return (
        f"closed the connection after each batch: {reads:,} read errors, "
        f"and {seen.requests:,} requests / {seen.depth} are {batches:,.0f}"
    )


def answers_once(seen: PrintedCounts) -> str | None:
    """As many answers as connections, and wrk counted no error."""
    if seen.requests != seen.connections or any(seen.errors.values()):
        return None
    return (
        f"answered once on each connection and then hung: {seen.requests:,} requests on "
        f"{seen.connections:,} connections, and no error counted"
    )


def answers_never(seen: PrintedCounts) -> str | None:
    """No answer at all; wrk counts a refused connection as a read or write error."""
    if seen.requests:
        return None
    refused = seen.errors.get("write", 0) + seen.errors.get("read", 0)
    tried = f": the {refused:,} read and write errors are connections refused" if refused else ""
    return f"answered nothing{tried}"


def zeros(seen: PrintedCounts) -> list[str]:
    """Percentiles that wrk's correction made 0 although there were batches."""
    if seen.little_us is None:
        return []
    return [name for name in ("p50", "p75", "p90", "p99") if seen.printed.get(name) == 0]


def prints_zero(seen: PrintedCounts) -> str | None:
    """Which percentiles wrk's correction made 0, and the mean by Little's law."""
    names = zeros(seen)
    if not names:
        return None
    return (
        f"wrk printed 0.00us as {', '.join(names)}: its correction made these zeros, no batch had "
        f"such a latency; by Little's law the mean was {formats.us(seen.little_us)}"
    )


def diagnose(seen: PrintedCounts) -> list[str]:
    """The faults that the figures show, in sentences without their full stops."""
    rules = (closes, answers_once, answers_never, prints_zero)
    sentences = [sentence for rule in rules if (sentence := rule(seen))]
    return [*sentences, f"its log: {seen.log}"] if seen.log else sentences


def compare_stacks(judged_run: JudgedRun, rows: list[CellSummary]) -> BothStacks | None:
    """2017 beside today, from the report's rows; None if the run has no framework of 2017.

    Only the cells of 2017's command; if there are none, those of the first groups.
    """
    if not any(row.stack == STACK and row.role == "framework" for row in rows):
        return None
    table = published()
    groups: dict[Cell, dict[str, CellSummary]] = defaultdict(dict)
    for row in rows:
        groups[group_of(row.cell)][current_name(row.cell.framework)] = row
    same = {key: group for key, group in groups.items() if place_of(key) == table.place}
    chosen = list((same or groups).items())[:MOST_TABLES]
    by_cell = judged_run.by_cell
    frameworks = {current_name(name): one for name, one in judged_run.run.frameworks.items()}
    shown = []
    for key, group in chosen:
        here = {name: _here(row, by_cell) for name, row in group.items()}
        lines = [_line(system, here, frameworks) for system in table.systems]
        measured = [line for line in lines if line.then or line.today]
        shown.append((_label(key, many=len(chosen) > 1), measured))
    return BothStacks(table, bool(same), shown)


def _label(group: Cell, *, many: bool) -> str:
    return f"{group.testbed}: {in_words(group, PLACE)}" if many else ""


def _line(
    system: System, here: dict[str, SystemFigures], frameworks: dict[str, Framework]
) -> SystemRow:
    then, today = here.get(system.then), here.get(system.today)
    return SystemRow(
        system=system,
        diagnosis=diagnose(system.seen),
        then=then,
        today=today,
        versions=_versions(system, frameworks.get(system.then)) if then else "",
    )


def _versions(system: System, framework: Framework | None) -> str:
    """Installed versions of the packages that the table names: aiohttp 2.3.3 (then 1.3.3), ..."""
    installed = framework.installed if framework else {}
    return ", ".join(
        f"{package} {installed[package]}"
        + (f" (then {newest})" if installed[package] != newest else "")
        for package, newest in system.versions.items()
        if package in installed
    )


def _here(row: CellSummary, by_cell: dict[Cell, list[JudgedMeasurement]]) -> SystemFigures:
    seen = [m for m in by_cell[row.cell] if m.judgement.outcome != Outcome.INVALID]
    shown = typical(seen)
    return SystemFigures(
        row=row,
        printed=printed_by_wrk(shown.measurement.tool_text) if shown else {},
        diagnosis=_diagnosis(row, seen),
    )


def _diagnosis(row: CellSummary, measurements: list[JudgedMeasurement]) -> list[str]:
    """The faults in the rounds, each with the figures of its first round; else the reason."""
    seen = [one for m in measurements if (one := _seen(m.measurement))]
    sentences = []
    for rule in (closes, answers_once):
        shown = [sentence for one in seen if (sentence := rule(one))]
        if shown:
            sentences.append(f"{shown[0]} ({len(shown)} of {len(measurements)} rounds)")
    if not sentences and row.reason:
        sentences.append(row.reason)
    wrong = [percentiles for one in seen if (percentiles := zeros(one))]
    if wrong and row.batch_latency_p50_us.value is not None:
        names = ", ".join(sorted({name for percentiles in wrong for name in percentiles}))
        sentences.append(
            f"wrk printed 0.00us as {names} in {len(wrong)} of {len(measurements)} rounds, "
            f"and the recorded batches have p50 {formats.us(row.batch_latency_p50_us.value)}"
        )
    return sentences


def _seen(measurement: Measurement) -> PrintedCounts | None:
    if measurement.totals is None:
        return None
    return PrintedCounts(
        requests=measurement.totals.requests,
        requests_per_s=measurement.totals.requests_per_s,
        connections=measurement.totals.opened,
        depth=measurement.cell.depth,
        errors=measurement.totals.errors,
        printed=printed_by_wrk(measurement.tool_text),
    )
