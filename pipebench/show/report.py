"""report.md, its page and the summary on the terminal, from a judged run; and writing all of it.

What is said is decided here, how it is worded and how numbers look is the template's.
"""

import shlex
import textwrap
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from pipebench.compare.machines import compare_machines
from pipebench.frame.cells import summary
from pipebench.frame.tables import results_csv, summary_csv
from pipebench.measure.unit import log_end
from pipebench.record.folder import end_of, exists, remove, write_files
from pipebench.record.run_record import Framework
from pipebench.record.schema import InvalidRecord, RecordError
from pipebench.record.store import RAW
from pipebench.record.values import LONGEST_LIST, first_of, flat, words
from pipebench.rules import conformance
from pipebench.rules.cloud import disagreements
from pipebench.rules.interpreters import unoptimised
from pipebench.rules.outcome import HARNESS_FAULT
from pipebench.rules.rule import Outcome
from pipebench.run.cells import labels, several
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedMeasurement, JudgedRun, judge_run, typical
from pipebench.run.prices import PRICES, load_prices
from pipebench.run.time_spent import controller_cpu_s, time_spent
from pipebench.show import formats, page
from pipebench.show.answer import answer
from pipebench.show.cells_table import report_table
from pipebench.show.chapter import Chapter, ChapterMaker
from pipebench.show.charts import draw
from pipebench.show.charts.chart import Chart, data_of
from pipebench.show.charts.drawer import SameProcess
from pipebench.show.claim import Claim
from pipebench.show.disturbances import remarks as remarks_on
from pipebench.show.limits import limit_lines
from pipebench.show.machines import chapter as machines_chapter
from pipebench.show.reproduce import reproduce, resume_command
from pipebench.show.templating import markdown_template
from pipebench.show.terminal import terminal
from pipebench.show.tuning import left_behind, tuned_lines, tuning_remarks, untuned
from pipebench.show.undeployed import undeployed, why
from pipebench.show.unseen import unseen_line
from pipebench.stats.estimate import LEAST_ROUNDS
from pipebench.tools import FIRST

MOST_SAID, MOST_VALUES = 100, 1000
"""Sentences of one kind and variables; values of hosts."""
LONGEST_FINGERPRINT = 100
LONGEST_LOG = 1_000_000
"""Bytes of a log, of which the report has the last lines."""
FOLDED = ("mitigations", "sysctl", "interface.offloads", f"{FIRST}.sha256")
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


@dataclass(frozen=True, slots=True)
class FrameworkSection:
    """What the report says about one framework. shown: the cell whose output follows, of
    the load tool."""

    framework: Framework
    about: list[str]
    rows: list[CellSummary]
    shown: CellSummary | None
    output_round: int | None
    output: str
    log: str


def collect(
    folder: Path,
    makers: Sequence[ChapterMaker] = (),
    drawer: Executor | None = None,
    output: Path | None = None,
) -> Rendered:
    """Judge a run and write its outputs, all of them or none.

    makers, drawer: see `render`. output: the folder for them, with the prices.yml that counts, if
    it has one; None: the run's own. RunError: the folder is not a run. OSError: the one for the
    outputs cannot be written to.
    """
    output = output or folder
    judged_run = judge_run(folder, alone=False)
    if output != folder and exists(output, PRICES):
        judged_run = replace(judged_run, prices=load_prices(output / PRICES, judged_run.run))
    rendered = render(judged_run, makers, drawer)
    write(output, rendered.files)
    for file in draw.FILES:
        if file not in rendered.files and exists(output, file):  # an earlier rendering's
            remove(output, file)
    return rendered


def render(
    judged_run: JudgedRun, makers: Sequence[ChapterMaker] = (), drawer: Executor | None = None
) -> Rendered:
    """Everything made of a judged run; nothing is written.

    makers: of chapters, in their order. drawer: draws the charts; None: this process does.
    """
    rows = summary(judged_run)
    machines = compare_machines(judged_run, rows)
    begun = draw.begin(data_of(judged_run, rows, machines), drawer or SameProcess())
    # as much as possible comes before `finish`, while the charts are drawn
    chapters = [machines_chapter(machines)] if machines else []
    unmade: list[str] = []
    for make in makers:
        try:
            chapter = make(judged_run, rows)
        except Exception as error:  # noqa: BLE001 (a fault here must not cost the report)
            name = getattr(make, "__name__", "").strip("_").replace("_", " ")
            unmade.append(f"the chapter {name} could not be made: {type(error).__name__}: {error}")
        else:
            chapters += [chapter] if chapter else []
    said = [chapter.terminal for chapter in chapters]
    tables = {"results.csv": results_csv(judged_run.measurements), "summary.csv": summary_csv(rows)}
    points = answer(judged_run, rows, machines)
    markdown = _markdown(judged_run, rows, chapters, begun.charts, points)
    drawn, undrawn = begun.finish()
    if undrawn:
        charts = [one.chart for one in drawn]
        markdown = _markdown(judged_run, rows, chapters, charts, points)
    return Rendered(
        files={
            **{f"charts/{chart.name}.svg": svg for chart, svg in drawn},
            **{name: text for chapter in chapters for name, text in chapter.files.items()},
            **tables,
            "report.md": markdown,
            "report.html": page.render(
                markdown,
                f"Run {judged_run.run.run_id}",
                {chart.name: page.Picture(svg, chart.narrow) for chart, svg in drawn},
                {
                    "Results": [report_table(rows)],
                    **{name: tables for one in chapters for name, tables in one.tables.items()},
                },
            ),
        },
        terminal="\n\n".join([terminal(judged_run, rows), *filter(None, said)]),
        problems=[*problems(judged_run), *unmade, *undrawn],
        remarks=remarks(judged_run),
    )


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files by name, all of them or none: an older one stays until then.

    A name may have a folder before it, which is made where it is missing. OSError: one cannot be
    written.
    """
    write_files(folder, {name: text.encode() for name, text in files.items()})


def problems(judged_run: JudgedRun) -> list[str]:
    """Why the run is not whole, in sentences; never a framework's failure."""
    run = judged_run.run
    many = [
        [f"the testbed {name} was given up: {why}" for name, why in run.given_up.items()],
        [f"harness fault: {fault.text}" for fault in run.harness_faults],
        run.problems,
        left_behind(run.tunings),
        untuned(
            run.tunings,
            ((m.measurement.cell.testbed, m.measurement.moments) for m in judged_run.measurements),
        ),
        [f"raw/{record.file} is invalid: {record.reason}" for record in _unusable(judged_run)],
        [f"probe/{one.file} is invalid: {one.reason}" for one in judged_run.unusable_probes],
        [
            f"the probe of {probe.server.framework}: harness fault: {probe.harness_fault}"
            for probe in judged_run.probes.values()
            if probe.harness_fault
        ],
        [f"answers/{one.file} is invalid: {one.reason}" for one in judged_run.unusable_answers],
        [f"crosscheck/{one.file} is invalid: {one.reason}" for one in judged_run.unusable_checks],
    ]
    said = [sentence for sentences in many for sentence in first_of(sentences, MOST_SAID)]
    if judged_run.missing:
        state = _under_way(judged_run) if run.ended is None else "is incomplete"
        said.append(
            f"the run {state}: {len(judged_run.missing)} of {run.scheduled} "
            "scheduled measurements have no usable record"
        )
        if command := resume_command(run):
            said.append(f"this measures them: {command}")
    others = judged_run.probes or judged_run.path_capacities
    if not judged_run.measurements and (run.scheduled or not others):
        said.append("the run has no whole measurement")
    return said


def _under_way(judged_run: JudgedRun) -> str:
    """Nothing in the records tells a run that goes on from one that was killed but the time."""
    last = max(
        (m.measurement.ended for m in judged_run.measurements if m.measurement.ended), default=None
    )
    when = f" (its last measurement ended at {last:%Y-%m-%d %H:%M:%S} UTC)" if last else ""
    return f"is still under way or was ended early{when}"


def remarks(judged_run: JudgedRun) -> list[str]:
    """What one must know of a run, whole or not."""
    seen = {judged.judgement.outcome for judged in judged_run.measurements}
    said = ["no measurement of this run is ok"] if seen and Outcome.OK not in seen else []
    run = judged_run.run
    return [
        *said,
        *tuning_remarks(run.tunings),
        *disagreements(run.hosts),
        *unoptimised(run),
        *judged_run.prices.problems,
    ]


def _markdown(
    judged_run: JudgedRun,
    rows: list[CellSummary],
    chapters: list[Chapter],
    charts: list[Chart],
    points: list[Claim],
) -> str:
    run = judged_run.run
    prints = fingerprints(run.hosts)[:MOST_VALUES]
    unusable = _unusable(judged_run)
    folders = {chapter.template.parent for chapter in chapters}
    shared = undeployed(rows)
    label = labels(row.cell for row in rows)
    return markdown_template("report.md.j2", folders).render(
        run=run,
        faults=first_of([fault.text for fault in run.harness_faults]),
        points=points,
        path_capacities=list(judged_run.path_capacities.values()),
        rows=rows,
        remarks=remarks_on(rows, labels(row.cell for row in rows)),
        undeployed=shared,
        shared_reasons={one.reason for one in shared},
        why=why,
        limits=limit_lines(rows, labels(row.cell for row in rows)),
        table=report_table(rows),
        charts={chart.name: chart for chart in charts},
        chapters=chapters,
        several=[factor.column for factor in several(row.cell for row in rows)],
        controls=any(row.role != "framework" for row in rows),
        label=lambda cell: formats.text(label(cell)) if label(cell) else "",
        least_rounds=min((row.rounds_rated for row in rows if row.rounds_rated), default=0),
        rounds_of_interval=LEAST_ROUNDS,
        sections=sections(judged_run, rows),
        tool=judged_run.tool,
        conformance=conformance.table(
            judged_run.probes, {name: one.title for name, one in run.frameworks.items()}
        ),
        measured=len(judged_run.measurements),
        outcomes=Counter(m.judgement.outcome.value for m in judged_run.measurements),
        missing=judged_run.missing[:LONGEST_LIST],
        all_missing=len(judged_run.missing),
        resume=resume_command(run),
        unusable=unusable[:LONGEST_LIST],
        more_unusable=max(0, len(unusable) - LONGEST_LIST),
        unseen=unseen_line(judged_run),
        share=judged_run.measuring_share,
        time_spent=time_spent(judged_run),
        controller_cpu_s=controller_cpu_s(judged_run),
        tuned=tuned_lines(run.tunings),
        argv=next(
            (shlex.join(m.measurement.argv) for m in judged_run.measurements if m.measurement.argv),
            "",
        ),
        command=shlex.join(run.command),
        reproduce=reproduce(run),
        hosts=list(run.hosts),
        fingerprints=[row for row in prints if not row[0].startswith(FOLDED)],
        folded=[row for row in prints if row[0].startswith(FOLDED)],
        versions=dict(islice(_short(run.versions).items(), MOST_SAID)),
        variables={name: words(value) for name, value in islice(run.variables.items(), MOST_SAID)},
    )


def _unusable(judged_run: JudgedRun) -> list[InvalidRecord]:
    """Records that are invalid; not those that are in the list of the harness's faults already."""
    faults = judged_run.run.harness_faults
    files = {fault.record.removeprefix(f"{RAW}/") for fault in faults}
    without_file = {fault.reason for fault in faults if not fault.record}

    def told(record: InvalidRecord) -> bool:
        prefix, _, fault = record.reason.partition(": ")
        return prefix == HARNESS_FAULT and (record.file in files or fault in without_file)

    return [record for record in judged_run.unusable if not told(record)]


def sections(judged_run: JudgedRun, rows: list[CellSummary]) -> list[FrameworkSection]:
    """One section a framework, in the order of the table."""
    by_cell = judged_run.by_cell
    by_framework: dict[str, list[CellSummary]] = defaultdict(list)
    for row in rows:
        by_framework[row.cell.framework].append(row)
    made = []
    for name, own in by_framework.items():
        shown = max(own, key=lambda row: row.requests_per_s.value or 0)
        measurements = by_cell[shown.cell]
        median = typical(measurements)
        bad = [m for row in own for m in by_cell[row.cell]]
        stack = own[0].stack or ""
        framework = judged_run.run.frameworks.get(name) or Framework(name, name, stack, "", "", [])
        stack = f"stack {framework.stack}" if framework.stack else ""
        made.append(
            FrameworkSection(
                framework=framework,
                about=[word for word in (framework.language, stack) if word],
                rows=own,
                shown=shown if median else None,
                output_round=median.measurement.round if median else None,
                output=median.measurement.tool_text if median else "",
                log=_log(judged_run.run.folder, bad),
            )
        )
    return made


def _log(folder: Path, measurements: list[JudgedMeasurement]) -> str:
    """The end of the log of the first measurement that was not ok and has one."""
    bad = [
        m.measurement
        for m in measurements
        if m.judgement.outcome not in (Outcome.OK, Outcome.INVALID)
    ]
    for measurement in bad:
        if measurement.log:
            return measurement.log
    for measurement in (
        m.measurement for m in measurements if m.judgement.outcome == Outcome.FAILED
    ):
        file = f"logs/{measurement.server_host}/{measurement.cell.framework}.log"
        try:
            return log_end(end_of(folder, file, LONGEST_LOG).decode(errors="replace"))
        except RecordError:  # it was not fetched, or is not a log
            continue
    return ""


def fingerprints(hosts: dict[str, dict[str, Any]]) -> list[tuple[str, list[str]]]:
    """Rows of the table of hosts: a name, and its value on each host in the order given.

    What the hosts hold is not prescribed: every value is shown, nested names joined by dots.
    The frameworks' versions are in the frameworks' own sections.
    """
    flat = [
        _short({key: value for key, value in host.items() if key not in ("frameworks", "name")})
        for host in hosts.values()
    ]
    names = dict.fromkeys(name for host in flat for name in host)
    return [(name, [host.get(name, "") for host in flat]) for name in names]


def _short(value: dict[str, Any]) -> dict[str, str]:
    """Nested values by name, none longer than a table can hold."""
    return {
        name: textwrap.shorten(shown, LONGEST_FINGERPRINT, placeholder=" ...")
        for name, shown in flat(value).items()
    }
