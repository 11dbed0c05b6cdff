"""Runs compared, for readers: compare.md, .csv and .html, and the table on the terminal."""

import textwrap
from collections import Counter

from pipebench.compare.gate import Gate, Status
from pipebench.compare.runs import Compared, Pair, Verdict
from pipebench.run.relations import Row, several
from pipebench.run.tables import Column, frame, to_csv
from pipebench.show import formats, page
from pipebench.show.terminal import COLUMNS, aligned
from pipebench.stats.estimate import deviation

OTHER_VERDICTS = ("verdict to the ceiling", "CPU verdict")
MOST_TOLD = 8
"""Differences that the terminal shows of one run."""

# ruff: noqa: SIM905 (columns are read better as words)
TEXTS = """base_run_id run_id testbed framework stack role outcome_base outcome
verdict reason verdict_to_ceiling verdict_cpu differs""".split()
INTEGERS = ("workers", "depth", "connections", "rounds_base", "rounds")
DECIMALS = {"requests_per_s": 2, "batch_latency": 1}
"""Of the columns that begin so; 4 of the others."""

COMPARE: list[str] = """
base_run_id run_id testbed framework stack workers depth connections role
outcome_base outcome rounds_base rounds
requests_per_s_base requests_per_s ratio ratio_low ratio_high noise_floor verdict reason
ratio_to_ceiling ratio_to_ceiling_low ratio_to_ceiling_high verdict_to_ceiling
server_cpu_us_per_request_base server_cpu_us_per_request
ratio_cpu ratio_cpu_low ratio_cpu_high noise_floor_cpu verdict_cpu
batch_latency_p50_us_base batch_latency_p50_us ratio_p50 ratio_p50_low ratio_p50_high
batch_latency_p99_us_base batch_latency_p99_us ratio_p99 ratio_p99_low ratio_p99_high
differs
""".split()
"""Columns of compare.csv."""


def _column(name: str) -> Column:
    if name in TEXTS:
        return Column(name)
    if name in INTEGERS:
        return Column(name, "Int64")
    return Column(
        name, "Float64", next((n for begin, n in DECIMALS.items() if name.startswith(begin)), 4)
    )


def files(compared: Compared, gate: Gate | None = None) -> dict[str, str]:
    """The outputs as texts by file name."""
    text = markdown(compared, gate)
    rows = [row for pair in compared.pairs for row in pair.rows]
    return {
        "compare.md": text,
        "compare.csv": to_csv(frame(rows, [_column(name) for name in COMPARE])),
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
    counts = Counter(str(row["verdict"]) for row in pair.rows if row["role"] == "framework")
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
    return f"{pair.other.name} against {pair.base.name}: {told or 'no framework'}."


def _chapter(pair: Pair) -> list[str]:
    base, other = formats.text(pair.base.name), formats.text(pair.other.name)
    keys = several(pair.rows)
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
    lines += [_line([*(formats.text(row[key]) for key in keys), *_cells(row)]) for row in pair.rows]
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


def _cells(row: Row) -> list[str]:
    name = f"{row['framework']}" + (f" ({row['role']})" if row["role"] != "framework" else "")
    verdict = str(row["verdict"])
    if verdict in (Verdict.FASTER, Verdict.SLOWER):
        told = f"**{verdict}**"
    else:
        told = formats.text(f"{verdict}: {row['reason']}" if row["reason"] else verdict)
    changed = verdict in (Verdict.FASTER, Verdict.SLOWER)
    changed = changed or row["verdict_cpu"] in ("dearer", "cheaper")
    return [
        formats.text(name),
        formats.integer(row["requests_per_s_base"]),
        formats.integer(row["requests_per_s"]),
        _ratio(row, "ratio"),
        _percent(row["noise_floor"]),
        told,
        formats.text(row["differs"] or "nothing that is recorded") if changed else "",
        _ratio(row, "ratio_to_ceiling"),
        formats.text(row["verdict_to_ceiling"]) if row["ratio_to_ceiling"] else "",
        _ratio(row, "ratio_cpu"),
        formats.text(row["verdict_cpu"]),
        _ratio(row, "ratio_p50"),
        _ratio(row, "ratio_p99"),
    ]


def _ratio(row: Row, name: str) -> str:
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    span = f" ({formats.ratio(low)} to {formats.ratio(high)})" if low is not None else ""
    return formats.ratio(row.get(name)) + span


def _percent(share: float | None) -> str:
    return formats.MISSING if share is None else f"{100 * share:.1f} %"


def _drift(pair: Pair) -> list[str]:
    """What the ceiling says of the machines, in a sentence: it is the same server in both runs.

    Told wherever its interval excludes 1: the noise floor is for claims, and this is a warning.
    """
    ceilings = [row for row in pair.rows if row["role"] == "ceiling" and row["ratio_low"]]
    off = [row for row in ceilings if not row["ratio_low"] <= 1 <= row["ratio_high"]]
    if not off:
        return []
    worst = max(off, key=lambda row: deviation(row["ratio"]))
    where = ", ".join(f"{key} {worst[key]}" for key in several(pair.rows))
    most = f" ({where}; it differs in {len(off)} of {len(ceilings)} places)" if where else ""
    told = (
        f"The ceiling of {pair.other.name} did {_ratio(worst, 'ratio')} of that of "
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
    keys = several(pair.rows)
    short = {"connections": "conns"}
    heads = [
        *(short.get(key, key) for key in keys),
        *("framework", "base req/s", "req/s", "ratio", "95 % interval", "floor", "to ceiling"),
        "verdict",
    ]
    lines = [
        [
            *(str(row[key]) for key in keys),
            row["framework"],
            formats.integer(row["requests_per_s_base"]),
            formats.integer(row["requests_per_s"]),
            formats.ratio(row["ratio"]) if row.get("ratio") else formats.MISSING,
            _interval(row),
            _percent(row["noise_floor"]),
            formats.ratio(row.get("ratio_to_ceiling")),
            str(row["verdict"]),
        ]
        for row in pair.rows
    ]
    left = {*range(len(keys) + 1), len(heads) - 1}
    told = f"{pair.other.name} against {pair.base.name}"
    return f"{told}\n\n{aligned([heads, *lines], left, shrink=len(keys))}\n"


def _interval(row: Row) -> str:
    low, high = row.get("ratio_low"), row.get("ratio_high")
    return f"{formats.ratio(low)} to {formats.ratio(high)}" if low is not None else formats.MISSING


def _notes(pair: Pair) -> list[str]:
    """Why a cell has no better verdict, and what differs besides."""
    reasons: dict[str, list[str]] = {}
    for row in pair.rows:
        if row["reason"]:
            of = reasons.setdefault(f"{row['verdict']}: {row['reason']}", [])
            if row["framework"] not in of:
                of.append(row["framework"])
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
