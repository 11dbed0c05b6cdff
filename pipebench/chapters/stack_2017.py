"""2017 beside today: the published table, and what versions of that day and today's did in a run.

What was published is data, published/2017.yml. The same rules diagnose what wrk printed then and
what it counted in this run.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipebench.measure.measurement import Measurement
from pipebench.record.run import Framework
from pipebench.record.schema import Cell
from pipebench.rules.outcome import RATED, Outcome
from pipebench.run.cells import CellGroup, cell_group
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedMeasurement, JudgedRun, typical
from pipebench.show import formats
from pipebench.stats.estimate import Estimate, estimate, ratios

STACK = "2017"
PUBLISHED = Path(__file__).parent / "published" / "2017.yml"
MOST_TABLES = 6
CLOSES_WITHIN = 0.02
"""How far the read errors may be from one a batch: the end cuts some batches off."""
UNITS_US = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 60e6, "h": 3600e6}


@dataclass(frozen=True, slots=True)
class Seen:
    """What one wrk counted, then or now: what a diagnosis is made of.

    printed: the latencies that wrk printed, in us, by mean, p50, p75, p90, p99, max.
    log: what the server said or how it ended, or nothing.
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
        """Mean batch latency by Little's law, in us: at most, as the end cuts batches off.

        None where connections did anything but wait for batches.
        """
        if self.requests <= self.connections or any(self.errors.values()):
            return None
        return self.connections * self.depth / self.requests_per_s * 1e6


@dataclass(frozen=True, slots=True)
class System:
    """One system of the published table. then, today: the frameworks that are its like.

    versions: the newest releases of the day by package, "CPython" among them.
    """

    title: str
    then: str
    today: str
    seen: Seen
    versions: dict[str, str]


@dataclass(frozen=True, slots=True)
class Published:
    """The table of 2017, and where it stands."""

    title: str
    source: str
    command: str
    group: tuple[int, int, int]
    """Workers, depth and connections."""
    systems: list[System]


@dataclass(frozen=True, slots=True)
class Here:
    """One framework in this run. printed: by wrk, in the median round; findings: sentences."""

    row: CellSummary
    printed: dict[str, float]
    findings: list[str]
    rates: dict[int, float]
    """Requests/s by round, if there are any."""


@dataclass(frozen=True, slots=True)
class Line:
    """One system: as published, and both stacks in this run, None where one was not measured.

    ratio: today's requests/s by those of the stack of 2017, within the round.
    """

    system: System
    findings: list[str]
    then: Here | None
    today: Here | None
    ratio: Estimate | None
    versions: str
    """Of the stack of 2017, as installed here; what is not the newest of the day says so."""

    @property
    def told(self) -> list[tuple[str, list[str]]]:
        """What was found, by where: only where there is something."""
        places = (
            ("published", self.findings),
            ("stack of 2017, here", self.then.findings if self.then else []),
            ("today's, here", self.today.findings if self.today else []),
        )
        return [(place, findings) for place, findings in places if findings]


@dataclass(frozen=True, slots=True)
class Chapter:
    """What the report says. tables: by the cell group's name, empty where there is but one."""

    published: Published
    same_group: bool
    """Whether it was measured by the command of 2017: one worker, depth 5, 200 connections."""
    tables: list[tuple[str, list[Line]]] = field(default_factory=list)


def microseconds(text: str) -> float:
    """A latency as wrk prints it, in us. ValueError: it is none."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(us|ms|s|m|h)", text)
    if found is None:
        raise ValueError(f"{text!r} is not a latency as wrk prints it")
    return float(found[1]) * UNITS_US[found[2]]


def printed_by_wrk(text: str) -> dict[str, float]:
    """The latencies in wrk's own text, in us, as in Seen; without those that are not in it."""
    found: dict[str, float] = {}
    number = r"(\d+(?:\.\d+)?(?:us|ms|s|m|h))"
    if total := re.search(rf"^\s*Latency\s+{number}\s+\S+\s+{number}\s", text, re.MULTILINE):
        found |= {"mean": microseconds(total[1]), "max": microseconds(total[2])}
    for percent, value in re.findall(rf"^\s*(50|75|90|99)%\s+{number}\s*$", text, re.MULTILINE):
        found.setdefault(f"p{percent}", microseconds(value))
    return found


@cache
def published() -> Published:
    """The table of 2017 (pipebench/chapters/published/2017.yml)."""
    document = yaml.safe_load(PUBLISHED.read_text(encoding="utf-8"))
    group = document["workers"], document["depth"], document["connections"]
    return Published(
        title=document["title"],
        source=document["source"],
        command=document["command"],
        group=group,
        systems=[_system(about, group) for about in document["systems"]],
    )


def _system(about: dict[str, Any], group: tuple[int, int, int]) -> System:
    _, depth, connections = group
    seen = Seen(
        requests=about["requests"],
        requests_per_s=about["requests_per_s"],
        connections=connections,
        depth=depth,
        errors=about.get("errors", {}),
        printed={name: microseconds(value) for name, value in about["printed"].items()},
        log=about.get("log", ""),
    )
    return System(about["title"], about["then"], about["today"], seen, about["versions"])


def closes(seen: Seen) -> str | None:
    """One read error a batch: the server closes each connection after it."""
    reads, batches = seen.errors.get("read", 0), seen.requests / seen.depth
    if not batches or abs(reads / batches - 1) > CLOSES_WITHIN:
        return None
    return (
        f"closed the connection after each batch: {reads:,} read errors, "
        f"and {seen.requests:,} requests / {seen.depth} are {batches:,.0f}"
    )


def answers_once(seen: Seen) -> str | None:
    """As many answers as connections, and no error that wrk knows."""
    if seen.requests != seen.connections or any(seen.errors.values()):
        return None
    return (
        f"answered once on each connection and then hung: {seen.requests:,} requests on "
        f"{seen.connections:,} connections, and no error counted"
    )


def answers_never(seen: Seen) -> str | None:
    """Nothing at all; a refused connection is a read or write error to wrk."""
    if seen.requests:
        return None
    refused = seen.errors.get("write", 0) + seen.errors.get("read", 0)
    tried = f": the {refused:,} read and write errors are connections refused" if refused else ""
    return f"answered nothing{tried}"


def zeros(seen: Seen) -> list[str]:
    """Percentiles that wrk printed as 0 although there were batches: by its correction."""
    if seen.little_us is None:
        return []
    return [name for name in ("p50", "p75", "p90", "p99") if seen.printed.get(name) == 0]


def prints_zero(seen: Seen) -> str | None:
    """What wrk's correction made of the latency, and what it must have been."""
    found = zeros(seen)
    if not found:
        return None
    return (
        f"wrk printed 0.00us as {', '.join(found)}, which its correction made and no batch took: "
        f"by Little's law the mean was {formats.us(seen.little_us)}"
    )


def diagnose(seen: Seen) -> list[str]:
    """What is strange about it, in sentences without their full stops."""
    rules = (closes, answers_once, answers_never, prints_zero)
    said = [sentence for rule in rules if (sentence := rule(seen))]
    return [*said, f"its log: {seen.log}"] if seen.log else said


def chapter(judged_run: JudgedRun, rows: list[CellSummary]) -> Chapter | None:
    """2017 beside today, of the report's rows; None where nothing of 2017 is in the run.

    Only the cells of 2017's command, or where there are none, those of the first groups.
    """
    if not any(row.stack == STACK and row.role == "framework" for row in rows):
        return None
    table = published()
    groups: dict[CellGroup, dict[str, CellSummary]] = defaultdict(dict)
    for row in rows:
        groups[cell_group(row.cell)][row.cell.framework] = row
    same = {key: group for key, group in groups.items() if key[1:] == table.group}
    chosen = list((same or groups).items())[:MOST_TABLES]
    by_cell = judged_run.by_cell
    tables = []
    for key, group in chosen:
        here = {name: _here(row, by_cell) for name, row in group.items()}
        lines = [_line(system, here, judged_run.run.frameworks) for system in table.systems]
        shown = [line for line in lines if line.then or line.today]
        tables.append((_label(key, many=len(chosen) > 1), shown))
    return Chapter(table, bool(same), tables)


def _label(key: CellGroup, *, many: bool) -> str:
    testbed, workers, depth, connections = key
    if not many:
        return ""
    return f"{testbed}: {workers} workers, depth {depth}, {connections} connections"


def _line(system: System, here: dict[str, Here], frameworks: dict[str, Framework]) -> Line:
    then, today = here.get(system.then), here.get(system.today)
    return Line(
        system=system,
        findings=diagnose(system.seen),
        then=then,
        today=today,
        ratio=estimate(ratios(today.rates, then.rates)) if then and today else None,
        versions=_versions(system, frameworks.get(system.then)) if then else "",
    )


def _versions(system: System, framework: Framework | None) -> str:
    """What is installed of the packages that the table names: aiohttp 2.3.3 (then 1.3.3), ..."""
    words = [version.split() for version in framework.versions] if framework else []
    installed = {word[0]: word[1] for word in words if len(word) > 1}
    return ", ".join(
        f"{package} {installed[package]}" + (f" (then {of})" if installed[package] != of else "")
        for package, of in system.versions.items()
        if package in installed
    )


def _here(row: CellSummary, by_cell: dict[Cell, list[JudgedMeasurement]]) -> Here:
    seen = [m for m in by_cell[row.cell] if m.judgement.outcome != Outcome.INVALID]
    shown = typical(seen)
    return Here(
        row=row,
        printed=printed_by_wrk(shown.measurement.tool_text) if shown else {},
        findings=_findings(row, seen),
        rates={
            m.measurement.round: m.measurement.totals.requests_per_s
            for m in seen
            if m.judgement.outcome in RATED and m.measurement.totals
        },
    )


def _findings(row: CellSummary, measurements: list[JudgedMeasurement]) -> list[str]:
    """What the rounds show, told by the first that does; where that is nothing, the reason."""
    seen = [one for m in measurements if (one := _seen(m.measurement))]
    said = []
    for rule in (closes, answers_once):
        told = [sentence for one in seen if (sentence := rule(one))]
        if told:
            said.append(f"{told[0]} ({len(told)} of {len(measurements)} rounds)")
    if not said and row.reason:
        said.append(row.reason)
    wrong = [found for one in seen if (found := zeros(one))]
    if wrong and row.batch_latency_p50_us.value is not None:
        names = ", ".join(sorted({name for found in wrong for name in found}))
        said.append(
            f"wrk printed 0.00us as {names} in {len(wrong)} of {len(measurements)} rounds, "
            f"and the recorded batches have p50 {formats.us(row.batch_latency_p50_us.value)}"
        )
    return said


def _seen(measurement: Measurement) -> Seen | None:
    if measurement.totals is None:
        return None
    return Seen(
        requests=measurement.totals.requests,
        requests_per_s=measurement.totals.requests_per_s,
        connections=measurement.totals.opened,
        depth=measurement.cell.depth,
        errors=measurement.totals.errors,
        printed=printed_by_wrk(measurement.tool_text),
    )
