"""Runs compared, for readers: compare.md, .csv and .html, and the table on the terminal."""

import textwrap
from collections import Counter
from collections.abc import Callable
from typing import Any

from pipebench.compare.gate import Gate, Status
from pipebench.compare.runs import Compared, ComparedCell, ComparedFigure, Pair, Verdict
from pipebench.run.figures import Spread
from pipebench.run.relations import several
from pipebench.run.tables import CPU, Column, frame, to_csv
from pipebench.show import formats, page
from pipebench.show.terminal import COLUMNS, aligned
from pipebench.stats.estimate import deviation

OTHER_VERDICTS = ("verdict to the ceiling", "CPU verdict")
MOST_TOLD = 8
"""Differences that the terminal shows of one run."""

CompareColumn = tuple[Column, Callable[[ComparedCell], Any]]


def _ratio_columns(name: str, of: Callable[[ComparedCell], ComparedFigure]) -> list[CompareColumn]:
    return [
        (Column(name, "Float64", 4), lambda row: of(row).ratio.value),
        (Column(f"{name}_low", "Float64", 4), lambda row: of(row).ratio.low),
        (Column(f"{name}_high", "Float64", 4), lambda row: of(row).ratio.high),
    ]


def _figure_columns(
    name: str, decimals: int, ratio: str, of: Callable[[ComparedCell], ComparedFigure]
) -> list[CompareColumn]:
    return [
        (Column(f"{name}_base", "Float64", decimals), lambda row: of(row).base),
        (Column(name, "Float64", decimals), lambda row: of(row).other),
        *_ratio_columns(ratio, of),
    ]


COLUMNS_OF_COMPARE: list[CompareColumn] = [
    (Column("base_run_id"), lambda row: row.base_run_id),
    (Column("run_id"), lambda row: row.run_id),
    (Column("testbed"), lambda row: row.cell.testbed),
    (Column("framework"), lambda row: row.cell.framework),
    (Column("stack"), lambda row: row.stack),
    (Column("workers", "Int64"), lambda row: row.cell.workers),
    (Column("depth", "Int64"), lambda row: row.cell.depth),
    (Column("connections", "Int64"), lambda row: row.cell.connections),
    (Column("role"), lambda row: row.role),
    (Column("outcome_base"), lambda row: row.outcome_base),
    (Column("outcome"), lambda row: row.outcome),
    (Column("rounds_base", "Int64"), lambda row: row.rounds_base),
    (Column("rounds", "Int64"), lambda row: row.rounds),
    *_figure_columns("requests_per_s", 2, "ratio", lambda row: row.requests_per_s),
    (Column("noise_floor", "Float64", 4), lambda row: row.requests_per_s.noise_floor),
    (Column("verdict"), lambda row: row.requests_per_s.verdict),
    (Column("reason"), lambda row: row.requests_per_s.reason),
    *_ratio_columns("ratio_to_ceiling", lambda row: row.to_ceiling),
    (Column("verdict_to_ceiling"), lambda row: row.to_ceiling.verdict),
    *_figure_columns(CPU, 4, "ratio_cpu", lambda row: row.server_cpu_us_per_request),
    (
        Column("noise_floor_cpu", "Float64", 4),
        lambda row: row.server_cpu_us_per_request.noise_floor,
    ),
    (Column("verdict_cpu"), lambda row: row.server_cpu_us_per_request.verdict),
    *_figure_columns("batch_latency_p50_us", 1, "ratio_p50", lambda row: row.batch_latency_p50_us),
    *_figure_columns("batch_latency_p99_us", 1, "ratio_p99", lambda row: row.batch_latency_p99_us),
    (Column("differs"), lambda row: row.differs),
]
COMPARE: list[str] = [column.name for column, _ in COLUMNS_OF_COMPARE]
"""Columns of compare.csv."""


def files(compared: Compared, gate: Gate | None = None) -> dict[str, str]:
    """The outputs as texts by file name."""
    text = markdown(compared, gate)
    rows = [
        {column.name: of(row) for column, of in COLUMNS_OF_COMPARE}
        for pair in compared.pairs
        for row in pair.rows
    ]
    return {
        "compare.md": text,
        "compare.csv": to_csv(frame(rows, [column for column, _ in COLUMNS_OF_COMPARE])),
        "compare.html": page.render(text, _title(compared), {}),
    }


def _title(compared: Compared) -> str:
    others = ", ".join(pair.other.name for pair in compared.pairs) or "nothing"
    return f"{others} against {compared.base.name if compared.base else 'nothing'}"


def markdown(compared: Compared, gate: Gate | None = None) -> str:
    """compare.md."""
    lines = [f"# {formats.text(_title(compared))}", "", "## Tl;dr", ""]
    for pair in compared.pairs:
        lines += [f"- {formats.text(sentence)}" for sentence in (_tally(pair), *_drift(pair))]
    lines += [f"- {formats.text(sentence)}" for sentence in compared.problems]
    if gate:
        lines += ["", "## Gate", "", *(f"- {formats.text(line)}" for line in gate_lines(gate))]
    for pair in compared.pairs:
        lines += ["", *_chapter(pair)]
    return "\n".join(lines) + "\n"


def _tally(pair: Pair) -> str:
    """How many cells of the frameworks are what."""
    counts = Counter(row.requests_per_s.verdict for row in pair.rows if row.role == "framework")
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
    return f"{pair.other.name} against {pair.base.name}: {told or 'no framework'}."


def _chapter(pair: Pair) -> list[str]:
    base, other = formats.text(pair.base.name), formats.text(pair.other.name)
    keys = several(row.cell for row in pair.rows)
    heads = [
        *keys,
        "framework",
        f"requests/s of {base}",
        f"of {other}",
        "ratio",
        "noise floor",
        "verdict",
        "what differs besides",
        "to the ceiling, ratio",
        "verdict to the ceiling",
        "CPU/request, ratio",
        "CPU verdict",
        "batch latency p50, ratio",
        "p99, ratio",
    ]
    right = {
        len(keys) + column
        for column, head in enumerate(heads[len(keys) :])
        if head not in ("framework", "verdict", "what differs besides", *OTHER_VERDICTS)
    }
    rule = ["---:" if column in right else "---" for column in range(len(heads))]
    lines = [f"## {other} against {base}", "", _line(heads), _line(rule)]
    lines += [
        _line([*(formats.text(getattr(row.cell, key)) for key in keys), *_cells(row)])
        for row in pair.rows
    ]
    lines += [
        "",
        "Ratios are of this run to the base, with their 95 % intervals: two independent samples,",
        "since two runs share no round. Faster or slower is only said where the interval excludes",
        "1 and the ratio is farther from 1 than the noise floor, the larger of the two runs'. What",
        "was measured is these two runs: everything that differs between them may be why.",
        "",
        f"### What differs between {base} and {other}",
        "",
        *_differences(pair),
    ]
    return lines


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: ComparedCell) -> list[str]:
    rate, cpu = row.requests_per_s, row.server_cpu_us_per_request
    name = row.cell.framework + (f" ({row.role})" if row.role != "framework" else "")
    verdict = str(rate.verdict)
    if verdict in (Verdict.FASTER, Verdict.SLOWER):
        told = f"**{verdict}**"
    else:
        told = formats.text(f"{verdict}: {rate.reason}" if rate.reason else verdict)
    changed = verdict in (Verdict.FASTER, Verdict.SLOWER)
    changed = changed or cpu.verdict in ("dearer", "cheaper")
    return [
        formats.text(name),
        formats.integer(rate.base),
        formats.integer(rate.other),
        _ratio(rate.ratio),
        _percent(rate.noise_floor),
        told,
        formats.text(row.differs or "nothing that is recorded") if changed else "",
        _ratio(row.to_ceiling.ratio),
        formats.text(row.to_ceiling.verdict) if row.to_ceiling.ratio.value else "",
        _ratio(cpu.ratio),
        formats.text(cpu.verdict),
        _ratio(row.batch_latency_p50_us.ratio),
        _ratio(row.batch_latency_p99_us.ratio),
    ]


def _ratio(ratio: Spread) -> str:
    span = f" ({formats.ratio(ratio.low)} to {formats.ratio(ratio.high)})"
    return formats.ratio(ratio.value) + (span if ratio.low is not None else "")


def _percent(share: float | None) -> str:
    return formats.MISSING if share is None else f"{100 * share:.1f} %"


def _drift(pair: Pair) -> list[str]:
    """What the ceiling says of the machines, in a sentence: it is the same server in both runs.

    Told wherever its interval excludes 1: the noise floor is for claims, and this is a warning.
    """
    ratios = {
        row.cell: row.requests_per_s.ratio
        for row in pair.rows
        if row.role == "ceiling" and row.requests_per_s.ratio.low is not None
    }
    off = [cell for cell, ratio in ratios.items() if ratio.excludes_1]
    if not off:
        return []
    worst = max(off, key=lambda cell: deviation(ratios[cell].value or 1))
    keys = several(row.cell for row in pair.rows)
    where = ", ".join(f"{key} {getattr(worst, key)}" for key in keys)
    most = f" ({where}; it differs in {len(off)} of {len(ratios)} places)" if where else ""
    told = (
        f"The ceiling of {pair.other.name} did {_ratio(ratios[worst])} of that of "
        f"{pair.base.name}{most}: generator, path or machine are not what they were, which may be "
        "all of a difference. The verdict to the ceiling has that taken out."
    )
    return [told]


def _differences(pair: Pair) -> list[str]:
    if not pair.differences:
        return ["Nothing that is recorded: plan, commit, versions and fingerprints are the same."]
    heads = ["part", "what", formats.text(pair.base.name), formats.text(pair.other.name)]
    lines = [_line(heads), _line(["---"] * len(heads))]
    lines += [
        _line([formats.text(cell) for cell in (one.part, one.name, one.base, one.other)])
        for one in pair.differences
    ]
    return lines


def terminal(compared: Compared, gate: Gate | None = None) -> str:
    """A table of at most 100 columns a run, what differs, and the gate."""
    text: list[str] = []
    for pair in compared.pairs:
        text += [_table(pair), *_notes(pair)]
    if gate:
        text += [textwrap.fill(line, COLUMNS, subsequent_indent="  ") for line in gate_lines(gate)]
    return "\n".join(text)


def _table(pair: Pair) -> str:
    keys = several(row.cell for row in pair.rows)
    short = {"connections": "conns"}
    heads = [
        *(short.get(key, key) for key in keys),
        *("framework", "base req/s", "req/s", "ratio", "95 % interval", "floor", "to ceiling"),
        "verdict",
    ]
    lines = [
        [
            *(str(getattr(row.cell, key)) for key in keys),
            row.cell.framework,
            formats.integer(row.requests_per_s.base),
            formats.integer(row.requests_per_s.other),
            formats.ratio(row.requests_per_s.ratio.value),
            _interval(row.requests_per_s.ratio),
            _percent(row.requests_per_s.noise_floor),
            formats.ratio(row.to_ceiling.ratio.value),
            str(row.requests_per_s.verdict),
        ]
        for row in pair.rows
    ]
    left = {*range(len(keys) + 1), len(heads) - 1}
    told = f"{pair.other.name} against {pair.base.name}"
    return f"{told}\n\n{aligned([heads, *lines], left, shrink=len(keys))}\n"


def _interval(ratio: Spread) -> str:
    if ratio.low is None:
        return formats.MISSING
    return f"{formats.ratio(ratio.low)} to {formats.ratio(ratio.high)}"


def _notes(pair: Pair) -> list[str]:
    """Why a cell has no better verdict, and what differs besides."""
    reasons: dict[str, list[str]] = {}
    for row in pair.rows:
        rate = row.requests_per_s
        if rate.reason:
            names = reasons.setdefault(f"{rate.verdict}: {rate.reason}", [])
            if row.cell.framework not in names:
                names.append(row.cell.framework)
    told = [f"{', '.join(names)}: {reason}" for reason, names in reasons.items()]
    lines = [textwrap.fill(line, COLUMNS, subsequent_indent="  ") for line in told]
    lines += [textwrap.fill(line, COLUMNS) for line in _drift(pair)]
    shown = [
        f"  {one.part}: {one.name}: {one.base or 'none'} -> {one.other or 'none'}"
        for one in pair.differences[:MOST_TOLD]
    ]
    more = len(pair.differences) - len(shown)
    lines += ["What differs besides:" if shown else "Nothing else that is recorded differs."]
    lines += [line if len(line) <= COLUMNS else f"{line[: COLUMNS - 4]} ..." for line in shown]
    lines += [f"  and {more} more: see compare.md"] if more else []
    return [*lines, ""]


def gate_lines(gate: Gate) -> list[str]:
    """What --fail-if-slower found."""
    verdict = "passed" if gate.status == Status.PASSED else f"exit status {int(gate.status)}"
    return [f"Gate, {gate.looked_at} cells looked at: {verdict}.", *gate.sentences]
