"""Runs compared, for readers: compare.md, .csv and .html, and the table on the terminal."""

import textwrap
from collections import Counter

from pipebench.alone.status import Status
from pipebench.compare.cells import COMPARED, ComparedCell, Verdict
from pipebench.compare.columns import compare_csv
from pipebench.compare.gate import Gate, Miss
from pipebench.compare.runs import Compared, ComparedRuns
from pipebench.record.factors import PLACE
from pipebench.run.cells import in_words, several
from pipebench.run.entries import Figure
from pipebench.show import formats, page
from pipebench.show.table import COLUMNS, Field, Head, Table, factor_field, interval_of
from pipebench.stats.estimate import Estimate
from pipebench.stats.ranking import deviation

RATE = ComparedCell.requests_per_s
CHANGED = (Verdict.BETTER, Verdict.WORSE)
MOST_SHOWN = 8
"""Differences of one run that the terminal shows, if nothing else is said."""
LEAST_COUNTED = 3
"""Frameworks with the same difference whose names are not said."""
GATE_WORDS = {
    Status.SLOWER: "slower",
    Status.NOT_COMPARABLE: "not comparable",
    Status.TOO_FEW_ROUNDS: "too few rounds",
    Status.TOO_MUCH_VARIANCE: "too much variance",
}


def files(compared: Compared, gate: Gate | None = None) -> dict[str, str]:
    """The outputs as texts by file name."""
    text = markdown(compared, gate)
    tables = {_heading(pair): report_table(pair) for pair in compared.pairs}
    return {
        "compare.md": text,
        "compare.csv": compare_csv(row for pair in compared.pairs for row in pair.rows),
        "compare.html": page.render(text, _title(compared), {}, tables),
    }


def _title(compared: Compared) -> str:
    others = ", ".join(pair.other.name for pair in compared.pairs) or "nothing"
    return f"{others} against {compared.base.name if compared.base else 'nothing'}"


def markdown(compared: Compared, gate: Gate | None = None) -> str:
    """compare.md."""
    lines = [f"# {formats.text(_title(compared))}", "", "## Tl;dr", ""]
    lines += [f"- {formats.text(sentence)}" for sentence in sentences(compared)]
    if gate:
        lines += ["", "## Gate", "", *(f"- {formats.text(line)}" for line in gate_lines(gate))]
    for pair in compared.pairs:
        lines += ["", *_chapter(pair)]
    return "\n".join(lines) + "\n"


def sentences(compared: Compared) -> list[str]:
    """The first words: how many verdicts there are, whether the ceiling moved, what is missing."""
    said = [sentence for pair in compared.pairs for sentence in (_tally(pair), *_drift(pair))]
    return [*said, *compared.problems]


def _tally(pair: ComparedRuns) -> str:
    """How many cells of frameworks have each verdict."""
    rates = [row.requests_per_s for row in pair.rows if row.role == "framework"]
    counts = Counter(rate.words for rate in rates)
    words = [verdict.words(RATE.ranking) for verdict in Verdict] if RATE.ranking else []
    tally = ", ".join(f"{counts[word]} {word}" for word in words if counts[word])
    return f"{pair.other.name} against {pair.base.name}: {tally or 'no framework'}."


def _heading(pair: ComparedRuns) -> str:
    return f"{pair.other.name} against {pair.base.name}"


def _chapter(pair: ComparedRuns) -> list[str]:
    base, other = formats.text(pair.base.name), formats.text(pair.other.name)
    return [
        f"## {formats.text(_heading(pair))}",
        "",
        report_table(pair).markdown,
        "",
        "Ratios are of this run to the base, with their 95 % intervals: two independent samples,",
        "since two runs share no round. A cell is faster or slower only if the interval excludes 1",
        "and the ratio is farther from 1 than the noise floor, the larger one of the two runs. The",
        "verdict is about these two runs: every difference between them may be the cause.",
        "",
        f"### Differences between {base} and {other}",
        "",
        *_differences(pair),
    ]


def report_table(pair: ComparedRuns) -> Table:
    """A row per cell: requests/s in full, then the ratios of other figures, ranked ones first."""
    factors = several(row.cell for row in pair.rows)
    others = [figure for figure in COMPARED if figure is not RATE]
    figures = sorted(others, key=lambda figure: figure.ranking is None)
    heads = [
        *(Head(factor.column) for factor in factors),
        Head("framework"),
        Head(f"requests/s of {pair.base.name}", number=True),
        Head(f"of {pair.other.name}", number=True),
        Head("ratio", number=True),
        Head("noise floor", number=True),
        Head("verdict"),
        Head("other differences"),
        Head("relative to the ceiling, ratio", number=True),
        Head("verdict relative to the ceiling"),
        *(head for figure in figures for head in _heads(figure)),
    ]
    rows = [
        [
            *(factor_field(one, row.cell) for one in factors),
            *_rate_fields(row),
            *(field for figure in figures for field in _fields(figure, row)),
        ]
        for row in pair.rows
    ]
    return Table(heads, rows)


def _heads(figure: Figure) -> list[Head]:
    name = figure.shown.comparison or figure.name
    verdict = [Head(f"{name}, verdict")] if figure.ranking else []
    return [Head(f"{name}, ratio", number=True), *verdict]


def _fields(figure: Figure, row: ComparedCell) -> list[Field]:
    compared = figure.in_row(row)
    words = compared.words
    verdict = [Field(words or formats.MISSING, words)] if figure.ranking else []
    return [_ratio_field(compared.ratio), *verdict]


def _rate_fields(row: ComparedCell) -> list[Field]:
    rate, ceiling = row.requests_per_s, row.to_ceiling
    name = row.cell.framework + (f" ({row.role})" if row.role != "framework" else "")
    verdicts = [figure.in_row(row).verdict for figure in COMPARED]
    differs = row.differs or "none recorded"
    return [
        Field(name, row.cell.framework),
        Field(formats.integer(rate.base), rate.base),
        Field(formats.integer(rate.other), rate.other),
        _ratio_field(rate.ratio),
        Field(_percent(rate.noise_floor), rate.noise_floor),
        _verdict_field(row),
        Field(differs if any(verdict in CHANGED for verdict in verdicts) else "", row.differs),
        _ratio_field(ceiling.ratio),
        Field(ceiling.words or "" if ceiling.ratio.value else "", ceiling.words),
    ]


def _verdict_field(row: ComparedCell) -> Field:
    rate, words = row.requests_per_s, row.requests_per_s.words or ""
    if rate.verdict in CHANGED:
        return Field("", words, note=f"**{words}**")
    return Field(f"{words}: {rate.reason}" if rate.reason else words, words)


def _ratio_field(ratio: Estimate) -> Field:
    return Field(formats.ratio(ratio.value), ratio.value, interval_of(ratio))


def _percent(share: float | None) -> str:
    return formats.MISSING if share is None else f"{100 * share:.1f} %"


def _drift(pair: ComparedRuns) -> list[str]:
    """A warning if the ceiling, which is the same server in both runs, differs between them.

    Its interval must exclude 1; the noise floor does not count, as it is for claims.
    """
    ratios = {
        row.cell: row.requests_per_s.ratio
        for row in pair.rows
        if row.role == "ceiling" and row.requests_per_s.ratio.low is not None
    }
    off = [cell for cell, ratio in ratios.items() if ratio.holds_1 is False]
    if not off:
        return []
    worst = max(off, key=lambda cell: deviation(ratios[cell].value or 1))
    place = in_words(worst, several(row.cell for row in pair.rows))
    most = f" ({place}; it differs in {len(off)} of {len(ratios)} places)" if place else ""
    ratio = _ratio_field(ratios[worst])
    sentence = (
        f"The ceiling of {pair.other.name} reached {ratio.text} {ratio.interval} of that of "
        f"{pair.base.name}{most}: the generator, the path or the machine has changed, which may "
        "explain all of a difference. The verdict relative to the ceiling excludes that change."
    )
    return [sentence]


def _differences(pair: ComparedRuns) -> list[str]:
    if not pair.differences:
        return ["None recorded: plan, commit, versions and fingerprints are the same."]
    heads = [Head("part"), Head("name"), Head(pair.base.name), Head(pair.other.name)]
    rows = [
        [Field(text or formats.MISSING) for text in (one.part, one.name, one.base, one.other)]
        for one in pair.differences
    ]
    return [Table(heads, rows).markdown]


def terminal(compared: Compared, gate: Gate | None = None, most: int = MOST_SHOWN) -> str:
    """For each run a table of at most 100 columns and its differences; then the gate.

    most: so many differences of each run are shown.
    """
    text: list[str] = []
    for pair in compared.pairs:
        title = f"{pair.other.name} against {pair.base.name}"
        text += [
            f"{title}\n\n{terminal_table(pair).aligned(shrink='framework')}\n",
            *_notes(pair, most),
        ]
    if gate:
        text += [textwrap.fill(line, COLUMNS, subsequent_indent="  ") for line in gate_lines(gate)]
    return "\n".join(text)


def terminal_table(pair: ComparedRuns) -> Table:
    """A row per cell: its requests/s."""
    factors = several(row.cell for row in pair.rows)
    numbers = ("base req/s", "req/s", "ratio", "95 % interval", "floor", "to ceiling")
    heads = [
        *(Head(factor.short or factor.column) for factor in factors),
        Head("framework", name="framework"),
        *(Head(text, number=True) for text in numbers),
        Head("verdict"),
    ]
    rows = [
        [Field(str(factor.of(row.cell))) for factor in factors] + _short_fields(row)
        for row in pair.rows
    ]
    return Table(heads, rows)


def _short_fields(row: ComparedCell) -> list[Field]:
    rate = row.requests_per_s
    return [
        Field(row.cell.framework),
        Field(formats.integer(rate.base)),
        Field(formats.integer(rate.other)),
        Field(formats.ratio(rate.ratio.value)),
        Field(interval_of(rate.ratio).strip("()") or formats.MISSING),
        Field(_percent(rate.noise_floor)),
        Field(formats.ratio(row.to_ceiling.ratio.value)),
        Field(rate.words or formats.MISSING),
    ]


def _notes(pair: ComparedRuns, most: int) -> list[str]:
    """Why cells could not be compared, and the other differences of the runs."""
    reasons: dict[str, list[str]] = {}
    for row in pair.rows:
        rate = row.requests_per_s
        if rate.reason:
            names = reasons.setdefault(f"{rate.words}: {rate.reason}", [])
            if row.cell.framework not in names:
                names.append(row.cell.framework)
    sentences = [f"{', '.join(names)}: {reason}" for reason, names in reasons.items()]
    lines = [textwrap.fill(line, COLUMNS, subsequent_indent="  ") for line in sentences]
    lines += [textwrap.fill(line, COLUMNS) for line in _drift(pair)]
    differing = _difference_lines(pair)
    shown, more = differing[:most], len(differing[most:])
    lines += ["Other differences:" if shown else "No other difference is recorded."]
    lines += [line if len(line) <= COLUMNS else f"{line[: COLUMNS - 4]} ..." for line in shown]
    lines += [f"  and {more} more: see compare.md"] if more else []
    return [*lines, ""]


def _difference_lines(pair: ComparedRuns) -> list[str]:
    """A line for each difference; one that several parts have in the same way is said once."""
    parts: dict[str, list[str]] = {}
    for one in pair.differences:
        values = f"{one.name}: {one.base or 'none'} -> {one.other or 'none'}"
        parts.setdefault(values, []).append(one.part)
    return [f"  {_parts_words(own)}: {values}" for values, own in parts.items()]


def _parts_words(parts: list[str]) -> str:
    """The parts, of which frameworks are only counted if they are many."""
    frameworks = [part for part in parts if part.startswith("framework ")]
    if len(frameworks) < LEAST_COUNTED:
        return ", ".join(parts)
    others = [part for part in parts if part not in frameworks]
    return ", ".join([*others, f"{len(frameworks)} frameworks"])


def gate_lines(gate: Gate) -> list[str]:
    """The result of --fail-if-slower."""
    verdict = "passed" if gate.status == Status.DONE else f"exit status {int(gate.status)}"
    return [
        f"Gate, {gate.checked} cells checked: {verdict}.",
        *(f"{GATE_WORDS[miss.status]}: {_miss(miss, gate)}" for miss in gate.misses),
    ]


def _miss(miss: Miss, gate: Gate) -> str:
    """Which cell did not pass, and the figures or the problem."""
    if miss.cell is None or miss.figure is None:
        return str(miss.problem)
    cell = in_words(miss.cell, PLACE)
    place = f"{miss.cell.framework} ({miss.cell.testbed}, {cell}) in {miss.run}"
    if miss.problem:
        return f"{place}: {miss.problem}"
    figure, name = miss.figure, "share of the ceiling" if gate.to_ceiling else "requests/s"
    evidence = (
        f"{formats.ratio(figure.ratio.value)} of the base's {name} "
        f"{interval_of(figure.ratio)}, noise floor {_percent(figure.noise_floor)}"
    )
    if miss.status == Status.TOO_MUCH_VARIANCE:
        evidence += f": a loss of {100 * gate.loss:g} % is not excluded"
    return f"{place}: {evidence}"
