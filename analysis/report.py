"""report.md, its page and the summary on the terminal, from a judged run; and writing all of it.

What is said is decided here, how it is worded and how numbers look is the template's.
"""

import argparse
import json
import os
import shlex
import tempfile
import textwrap
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import yaml

from analysis import charts, conformance, cost, crosscheck, formats, page, stack_2017, tables
from analysis.charts import Chart
from analysis.compare import CELL, CELL_GROUP, Row, labels, several
from analysis.facts import log_end
from analysis.judge import Judgement, Measurement, judge_run, typical
from analysis.records import Cell, Framework, Run
from analysis.verdict import RATED, Outcome

TEMPLATES = Path(__file__).parent.parent / "templates"
TERMINAL_COLUMNS = 100
LONGEST_LIST = 20
LONGEST_FINGERPRINT = 100
MOST_GROUPS_TOLD = 6
NEAR_CEILING = 0.9
PLACE_OF_A_RUN = ("bench_run_id", "bench_results_dir")
"""Variables that say where a run is kept, and not what it measures."""
FOLDED = ("mitigations", "sysctl", "interface.offloads", "wrk.sha256")
"""Parts of a fingerprint that are long and rarely read."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The outputs of a run as texts by file name, and what the terminal shows.

    problems: why the run is not whole; remarks: what else one must know. Sentences.
    """

    files: dict[str, str]
    terminal: str
    problems: list[str]
    remarks: list[str]


@dataclass(slots=True)
class Headline:
    """Who is the fastest of one cell group, and how surely; and who takes the least CPU time.

    fastest: None where no framework of the group is ok. second: the next of those that are.
    tied: those that cannot be told from the fastest. unsure: why nothing is claimed, or empty.
    The same of the CPU time per request: cheapest, dearer (the next), cheap (tied with it).
    near_ceiling: rows that did nearly what generator and path can do at all.
    again: the A/A control, where it was measured.
    """

    label: str
    fastest: Row | None
    second: Row | None = None
    tied: list[Row] = field(default_factory=list)
    unsure: str = ""
    cheapest: Row | None = None
    dearer: Row | None = None
    cheap: list[Row] = field(default_factory=list)
    near_ceiling: list[Row] = field(default_factory=list)
    again: Row | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """What the report says about one framework. shown: the cell whose wrk output follows."""

    framework: Framework
    about: list[str]
    rows: list[Row]
    shown: Row | None
    wrk_round: int | None
    wrk_text: str
    log: str


def collect(folder: Path) -> Rendered:
    """Judge a run and write its outputs into its folder, all of them or none.

    RunError: the folder is no run. OSError: it cannot be written to.
    """
    rendered = render(judge_run(folder, alone=False))
    write(folder, rendered.files)
    for chart in (folder / "charts").glob("*.svg"):
        if f"charts/{chart.name}" not in rendered.files:  # an earlier rendering's
            chart.unlink()
    return rendered


def render(judgement: Judgement) -> Rendered:
    """Everything made of a judged run; nothing is written."""
    results, summary = tables.results(judgement), tables.summary(judgement)
    rows = rows_of(summary, judgement)
    checked = _crosschecked(judgement)
    drawn, undrawn = charts.draw(judgement, rows)
    markdown = _markdown(judgement, rows, checked, drawn)
    return Rendered(
        files={
            **{f"charts/{chart.name}.svg": chart.svg for chart in drawn},
            **({"crosscheck.csv": crosscheck.to_csv(checked)} if checked else {}),
            "results.csv": tables.to_csv(results),
            "summary.csv": tables.to_csv(summary),
            "report.md": markdown,
            "report.html": page.render(
                markdown,
                f"Run {judgement.run.run_id}",
                {chart.name: chart.svg for chart in drawn},
            ),
        },
        terminal=terminal(judgement, rows),
        problems=[*problems(judgement), *undrawn],
        remarks=remarks(judgement),
    )


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files by name, each complete or not at all: an older one stays until then.

    A name may have a folder before it, which is made where it is missing.
    """
    made: list[tuple[str, Path]] = []
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            made.append((temporary, path))
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(content)
            Path(temporary).chmod(0o644)  # mkstemp's 0600 is for secrets
        for temporary, path in made:
            Path(temporary).replace(path)
    finally:
        for temporary, _ in made:
            Path(temporary).unlink(missing_ok=True)


def rows_of(summary: pd.DataFrame, judgement: Judgement) -> list[Row]:
    """Summary's rows with None for NA, and the framework's title."""
    rows: list[Row] = []
    for record in summary.to_dict(orient="records"):
        row = {str(key): None if formats.missing(value) else value for key, value in record.items()}
        framework = judgement.run.frameworks.get(str(row["framework"]))
        row["title"] = framework.title if framework else row["framework"]
        row["mark"] = None
        rows.append(row)
    disturbed = [row for row in rows if row["noise"]]
    for number, row in enumerate(disturbed, start=1):
        row["mark"] = f"[{number}]"
    return rows


def problems(judgement: Judgement) -> list[str]:
    """Why the run is not whole, in sentences; never a framework's failure."""
    run = judgement.run
    said = [f"harness fault: {fault}" for fault in run.harness_faults]
    said += run.problems
    said += [f"raw/{record.file} is invalid: {record.reason}" for record in judgement.unusable]
    said += [
        f"probe/{record.file} is invalid: {record.reason}" for record in judgement.unusable_probes
    ]
    said += [
        f"the probe of {probe.server.framework}: harness fault: {probe.harness_fault}"
        for probe in judgement.probes.values()
        if probe.harness_fault
    ]
    said += [
        f"{record.file} is invalid: {record.reason}" for record in judgement.crosscheck.invalid
    ]
    if judgement.missing:
        state = _under_way(judgement) if run.ended is None else "is incomplete"
        said.append(
            f"the run {state}: {len(judgement.missing)} of {run.scheduled} "
            "scheduled measurements have no usable record"
        )
    if not judgement.measurements:
        said.append("there is not one whole measurement in this run")
    return said


def _under_way(judgement: Judgement) -> str:
    """Nothing in the records tells a run that goes on from one that was killed but the time."""
    last = max((m.facts.ended for m in judgement.measurements if m.facts.ended), default=None)
    when = f" (its last measurement ended at {last:%Y-%m-%d %H:%M:%S} UTC)" if last else ""
    return f"is still under way or was ended early{when}"


def remarks(judgement: Judgement) -> list[str]:
    """What one must know of a run, whole or not."""
    seen = {measurement.verdict.outcome for measurement in judgement.measurements}
    said = ["no measurement of this run is ok"] if seen and Outcome.OK not in seen else []
    return [*said, *judgement.prices.problems]


def _crosschecked(judgement: Judgement) -> list[Row]:
    rated = [m.facts for m in judgement.measurements if m.verdict.outcome in RATED]
    return crosscheck.rows(rated, judgement.crosscheck)


def _markdown(judgement: Judgement, rows: list[Row], checked: list[Row], drawn: list[Chart]) -> str:
    run = judgement.run
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 (Markdown, escaped by the filters)
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(formats.FILTERS)
    headlines = headlines_of(rows)
    prints = fingerprints(run.hosts)
    return environment.get_template("report.md.j2").render(
        run=run,
        headlines=headlines[:MOST_GROUPS_TOLD],
        more_headlines=max(0, len(headlines) - MOST_GROUPS_TOLD),
        troubles=troubles(rows),
        limits=_limits(rows),
        baselines=list(judgement.baselines.values()),
        rows=rows,
        charts={chart.name: chart for chart in drawn},
        checked=checked,
        cost=cost.chapter(judgement, rows),
        several=several(rows),
        near_ceiling=near_ceiling,
        controls=bool({row["role"] for row in rows} - {"framework"}),
        label=labels(rows),
        least_rounds=min((row["rounds_rated"] for row in rows if row["rounds_rated"]), default=0),
        sections=sections(judgement, rows),
        conformance=conformance.table(
            judgement.probes, {name: one.title for name, one in run.frameworks.items()}
        ),
        stack_2017=stack_2017.chapter(judgement, rows),
        measured=len(judgement.measurements),
        outcomes=Counter(m.verdict.outcome.value for m in judgement.measurements),
        missing=judgement.missing,
        unusable=judgement.unusable[:LONGEST_LIST],
        more_unusable=max(0, len(judgement.unusable) - LONGEST_LIST),
        share=judgement.measuring_share,
        argv=next((shlex.join(m.facts.argv) for m in judgement.measurements if m.facts.argv), ""),
        command=shlex.join(run.command),
        again=again(run),
        hosts=list(run.hosts),
        fingerprints=[row for row in prints if not row[0].startswith(FOLDED)],
        folded=[row for row in prints if row[0].startswith(FOLDED)],
        versions=_flat(run.versions),
        variables={name: _words(value) for name, value in run.variables.items()},
    )


def again(run: Run) -> str:
    """The command that measures the same once more, in the same order; empty where not known.

    As typed, but for variables of the benchmark: these are given as they were used, all of them.
    """
    if not run.command or not run.variables:
        return ""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-e", "--extra-vars", action="append", default=[])
    typed, words = parser.parse_known_args(run.command[1:])
    used = {
        name: value
        for name, value in run.variables.items()
        if name not in PLACE_OF_A_RUN and value is not None
    }
    given = [*filter(None, map(_not_the_benchmarks, typed.extra_vars)), _one_a_line(used)]
    words = [word for word in words if Path(word).name != "bench.yml"]
    return shlex.join(["./bench", *words, *(word for one in given for word in ("-e", one))])


def _not_the_benchmarks(extra: str) -> str:
    """What Ansible's -e was given, without the variables whose values are known."""
    if extra.startswith("@"):
        return extra
    if extra.startswith("{"):
        try:
            variables = yaml.safe_load(extra)
        except yaml.YAMLError:
            return ""
        others = {k: v for k, v in variables.items() if not str(k).startswith("bench_")}
        return json.dumps(others) if others else ""
    try:
        pairs = shlex.split(extra)
    except ValueError:
        return ""
    return shlex.join(pair for pair in pairs if not pair.startswith("bench_"))


def _one_a_line(variables: dict[str, Any]) -> str:
    """A JSON object with a member a line."""
    members = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in variables.items())
    return "{\n " + ",\n ".join(members) + "\n}"


def headlines_of(rows: list[Row]) -> list[Headline]:
    """One headline a cell group, in the order of the rows."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[key] for key in CELL_GROUP)].append(row)
    label = labels(rows)
    return [_headline(label(group[0]), group) for group in groups.values()]


def _headline(label: str, group: list[Row]) -> Headline:
    ranked = [row for row in group if row["role"] == "framework"]
    ok = [row for row in ranked if row["outcome"] == Outcome.OK]
    headline = Headline(
        label,
        fastest=ok[0] if ok else None,
        near_ceiling=[row for row in ranked if near_ceiling(row)],
        again=next((row for row in group if row["role"] == "control"), None),
    )
    others = [row for row in ok[1:] if row["relative"] is not None]
    if ok and others:
        headline.second = others[0]
        headline.tied = [row for row in others if row["verdict"] == "tied"]
        headline.unsure = _unsure(ok)
    costed = sorted(
        (row for row in ok if row["relative_cpu"] is not None), key=lambda row: row["relative_cpu"]
    )
    if len(costed) > 1 and costed[0]["rank_cpu"] == 1:
        headline.cheapest, headline.dearer = costed[0], costed[1]
        headline.cheap = [row for row in costed[1:] if row["verdict_cpu"] == "tied"]
    return headline


def _unsure(ok: list[Row]) -> str:
    """Why nobody is called faster, or nothing."""
    if any(row["requests_per_s_low"] is None for row in ok):
        return "Fewer than 6 rounds: no interval and no rank"
    if ok[0]["noise_floor"] is None:
        return (
            "There is no A/A control, so no noise floor and no rank: the interval alone does not "
            "tell a difference from noise"
        )
    if any(row["rank"] is None for row in ok):
        return "Fewer than 6 rounds in common: no rank"
    return ""


def near_ceiling(row: Row) -> bool:
    """Whether what was measured is the generator or the path, and not the framework."""
    share = row["share_of_ceiling"]
    return row["role"] != "ceiling" and share is not None and share >= NEAR_CEILING


def troubles(rows: list[Row]) -> list[Row]:
    """Rows that are not ok, one a framework and outcome, with `cells`: how many are like it."""
    told: dict[tuple[str, str | None], Row] = {}
    for row in rows:
        if row["outcome"] != Outcome.OK:
            first = told.setdefault((row["framework"], row["outcome"]), {**row, "cells": 0})
            first["cells"] += 1
    order = ["failed", "unavailable", "degraded", None]
    return sorted(told.values(), key=lambda row: order.index(row["outcome"]))


def _limits(rows: list[Row]) -> dict[str, list[str]]:
    """Titles by what limited them; a framework limited differently by cell is under each."""
    limits: dict[str, list[str]] = {}
    for row in rows:
        if row["limited_by"]:
            titles = limits.setdefault(row["limited_by"], [])
            if row["title"] not in titles:
                titles.append(row["title"])
    return limits


def sections(judgement: Judgement, rows: list[Row]) -> list[Section]:
    """One section a framework, in the order of the table."""
    by_cell: dict[Cell, list[Measurement]] = defaultdict(list)
    for measurement in judgement.measurements:
        by_cell[measurement.facts.cell].append(measurement)
    by_framework: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_framework[row["framework"]].append(row)
    made = []
    for name, own in by_framework.items():
        shown = max(own, key=lambda row: row["requests_per_s"] or 0)
        measurements = by_cell[Cell(*(shown[key] for key in CELL))]
        median = typical(measurements)
        bad = [m for row in own for m in by_cell[Cell(*(row[key] for key in CELL))]]
        stack = str(own[0]["stack"] or "")
        framework = judgement.run.frameworks.get(name) or Framework(name, name, stack, "", "", [])
        stack = f"stack {framework.stack}" if framework.stack else ""
        made.append(
            Section(
                framework=framework,
                about=[word for word in (framework.language, stack) if word],
                rows=own,
                shown=shown if median else None,
                wrk_round=median.facts.round if median else None,
                wrk_text=median.facts.wrk_text if median else "",
                log=_log(judgement.run.folder, bad),
            )
        )
    return made


def _log(folder: Path, measurements: list[Measurement]) -> str:
    """The end of the log of the first measurement that was not ok and has one."""
    bad = [m.facts for m in measurements if m.verdict.outcome not in (Outcome.OK, Outcome.INVALID)]
    for facts in bad:
        if facts.log:
            return facts.log
    for facts in (m.facts for m in measurements if m.verdict.outcome == Outcome.FAILED):
        host = facts.server_host
        path = folder / "logs" / str(host) / f"{facts.cell.framework}.log"
        if host and path.is_file():
            return log_end(path.read_text(encoding="utf-8", errors="replace"))
    return ""


def fingerprints(hosts: dict[str, dict[str, Any]]) -> list[tuple[str, list[str]]]:
    """Rows of the table of hosts: a name, and its value on each host in the order given.

    What the hosts hold is not prescribed: every value is shown, nested names joined by dots.
    The frameworks' versions are in the frameworks' own sections.
    """
    flat = [
        _flat({key: value for key, value in host.items() if key not in ("frameworks", "name")})
        for host in hosts.values()
    ]
    names = dict.fromkeys(name for host in flat for name in host)
    return [(name, [host.get(name, "") for host in flat]) for name in names]


def _flat(value: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, inner in value.items():
        name = f"{prefix}{key}"
        if isinstance(inner, dict):
            flat |= _flat(inner, f"{name}.")
        elif not formats.missing(inner) or isinstance(inner, list):
            flat[name] = textwrap.shorten(_words(inner), LONGEST_FINGERPRINT, placeholder=" ...")
    return flat


def _words(value: Any) -> str:
    """A JSON value as a reader writes it."""
    if isinstance(value, list):
        return ", ".join(_words(item) for item in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return formats.MISSING if value is None else str(value)


def terminal(judgement: Judgement, rows: list[Row]) -> str:
    """The summary as an aligned table of at most 100 columns, and what stands behind it."""
    keys = several(rows)
    heads = [
        *(("testbed", "workers", "depth", "conns")[CELL_GROUP.index(key)] for key in keys),
        *("framework", "outcome", "rank", "req/s", "relative", "p50", "p99", "CPU/req"),
        "limited by",
    ]
    lines = [
        [
            *(str(row[key]) for key in keys),
            row["framework"],
            row["outcome"] or "no result",
            formats.integer(row["rank"]) if row["role"] == "framework" else row["role"],
            formats.integer(row["requests_per_s"]),
            formats.ratio(row["relative"]),
            formats.us(row["batch_latency_p50_us"]),
            formats.us(row["batch_latency_p99_us"]),
            formats.us(row["server_cpu_us_per_request"]),
            row["limited_by"] or formats.MISSING,
        ]
        for row in rows
    ]
    left = {*range(len(keys)), len(keys), len(keys) + 1, len(heads) - 1}
    text = [aligned([heads, *lines], left, shrink=len(keys))] if rows else []
    for row in rows:
        if row["reason"]:
            of = f" ({labels(rows)(row)})" if keys else ""
            said = f"{row['framework']}{of}: {row['outcome'] or 'no result'}: {row['reason']}"
            text.append(textwrap.fill(said, TERMINAL_COLUMNS, subsequent_indent="  "))
    share = judgement.measuring_share
    if share is not None:
        text.append(f"Warm-up and measuring took {share:.2f} of the measuring phase's wall time.")
    return "\n".join(text)


def aligned(lines: list[list[str]], left: set[int], shrink: int) -> str:
    """Columns under each other; the one named by `shrink` gives way where the line is too long."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    over = sum(widths) + 2 * (len(widths) - 1) - TERMINAL_COLUMNS
    widths[shrink] = max(12, widths[shrink] - max(0, over))
    return "\n".join(
        "  ".join(
            _cut(cell, width).ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else f"{cell[: width - 2]}.."
