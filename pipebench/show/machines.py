"""The kinds of machines of a run for readers: the first sentences, and the tables.

compare/machines.py compares them; docs/comparing-machines.md says how to read it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipebench.compare.cells import Verdict
from pipebench.compare.machine_columns import testbeds_csv, verdict_words
from pipebench.compare.machines import (
    ALL,
    CPU,
    MONEY,
    RATE,
    MachineFigure,
    MachineRow,
    Machines,
    Place,
)
from pipebench.compare.provenance import Values, machine_differences
from pipebench.record.factors import Factor
from pipebench.run.cells import labels, several
from pipebench.run.entries import Figure
from pipebench.show import formats
from pipebench.show.chapter import Chapter
from pipebench.show.claim import Claim
from pipebench.show.table import Field, Head, Table, factor_field, interval_of
from pipebench.stats.estimate import LEAST_ROUNDS
from pipebench.stats.machines import Basis

TEMPLATES = Path(__file__).parent / "templates"
HEADING = "Machines compared"
MOST_NAMED = 5
BASES = {
    Basis.RANKS: "With 4 instances of each kind or more (or 3 and 5) the interval is exact, by "
    "their ranks.",
    Basis.NORMAL: "With 3 instances of each kind the interval assumes that they spread normally.",
    Basis.ROUNDS: "With 1 instance of each kind the interval is that of their rounds: it is about "
    "these two machines and about no other machine of their kinds.",
    Basis.FEW_ROUNDS: f"Two single machines need {LEAST_ROUNDS} rounds each for an interval and a "
    "verdict.",
    Basis.NO_FLOOR: "With 1 instance of each kind the interval is that of their rounds: it is "
    "about these two machines and about no other machine of their kinds. A verdict also requires "
    "an A/A control that is ok on both.",
    Basis.NONE: "With 2 instances of a kind, or 1 against several, there is no interval and no "
    "verdict: 3 of each are needed.",
}


def points(machines: Machines) -> list[Claim]:
    """Which kind of machine is the fastest, and which gives the most for its price."""
    made = [Claim(formats.text(sentence)) for sentence in machines.split]
    for place in machines.places:
        rows = together(machines, place)
        where = _where(machines, place)
        made += _point(machines, place, rows, RATE, where)
        made += _point(machines, place, rows, MONEY, where)
    return made


def together(machines: Machines, place: Place) -> list[MachineRow]:
    """All frameworks, or the only one that there is, on each kind of machine: the fastest first."""
    rows = machines.overall(place)
    if not rows:
        own = [row for row in machines.rows if row.place == place]
        rows = own if len({row.framework for row in own}) == 1 else []
    return sorted(rows, key=lambda row: -(row.requests_per_s.value or 0))


def _where(machines: Machines, place: Place) -> str:
    label = labels(machines.places)(place)
    return f"At {label}: " if label else ""


def _point(
    machines: Machines, place: Place, rows: list[MachineRow], figure: Figure, where: str
) -> list[Claim]:
    known = [row for row in rows if figure.in_row(row).value is not None]
    if len(known) < 2:
        return []
    known.sort(key=lambda row: -(figure.in_row(row).value or 0))
    first, base = known[0], next((row for row in known if row.is_base), None)
    if base is None:
        return []
    claim = _claim(first, base, known, figure)
    if figure is RATE and not _tied(known, figure):
        claim += _holds(machines, place, first)
    return [Claim(f"{where}{claim}.", _evidence(known, base, figure))]


def _tied(known: list[MachineRow], figure: Figure) -> bool:
    """Whether the first cannot be told from another, so that being first means nothing."""
    first, second = known[:2]
    row = second if first.is_base else first
    return figure.in_row(row).verdict == Verdict.TIED


def _claim(first: MachineRow, base: MachineRow, known: list[MachineRow], figure: Figure) -> str:
    what = "requests/s" if figure is RATE else "requests for its price"
    name = f"**{formats.text(first.kind.name)}**"
    if first is base:
        return _base_leads(name, known, figure, what)
    own = figure.in_row(first)
    times = f"{formats.ratio(own.ratio.value)} times those of {formats.text(base.kind.name)}"
    if own.verdict == Verdict.BETTER:
        return f"{name} gives the most {what}, {times}"
    if own.verdict == Verdict.TIED:
        tied = _names(row for row in known if figure.in_row(row).verdict == Verdict.TIED)
        return f"{tied} cannot be told from {formats.text(base.kind.name)} by their {what}"
    return f"{name} has the highest {what}, {times} (without a verdict)"


def _base_leads(name: str, known: list[MachineRow], figure: Figure, what: str) -> str:
    others = [row for row in known if not row.is_base]
    tied = [row for row in others if figure.in_row(row).verdict == Verdict.TIED]
    if tied:
        return f"{name} has the highest {what}; {_names(tied)} cannot be told from it"
    next_one = others[0]
    share = formats.percent(figure.in_row(next_one).ratio.value)
    sure = "gives" if figure.in_row(next_one).verdict else "seems to give"
    return (
        f"{name} {sure} the most {what}; the next is {formats.text(next_one.kind.name)} with "
        f"{share} of that"
    )


def _names(rows: Iterable[MachineRow]) -> str:
    names = [formats.text(row.kind.name) for row in rows]
    if len(names) > MOST_NAMED:
        names = [*names[: MOST_NAMED - 1], f"{len(names) - MOST_NAMED + 1} more"]
    return formats.listed(names)


def _holds(machines: Machines, place: Place, first: MachineRow) -> str:
    """Whether the same kind has the highest rate with every framework."""
    leaders: dict[str, list[str]] = defaultdict(list)
    by_framework: dict[str, list[MachineRow]] = defaultdict(list)
    for row in machines.rows:
        if row.place == place and row.framework != ALL and row.requests_per_s.value is not None:
            by_framework[row.title].append(row)
    for title, rows in by_framework.items():
        if len(rows) > 1:
            best = max(rows, key=lambda row: row.requests_per_s.value or 0)
            leaders[best.kind.name].append(title)
    others = {name: titles for name, titles in leaders.items() if name != first.kind.name}
    count = sum(map(len, leaders.values()))
    if count < 2:
        return ""
    if not others:
        return f"; it is the first with each of the {count} frameworks"
    clauses = [
        f"{formats.text(name)} with {formats.listed([formats.text(one) for one in titles])}"
        for name, titles in others.items()
    ]
    return f"; but the first is {formats.listed(clauses[:MOST_NAMED])}"


def _evidence(known: list[MachineRow], base: MachineRow, figure: Figure) -> str:
    """The ratio of each kind to the base."""
    ratios = [
        f"{formats.text(row.kind.name)} {formats.ratio(figure.in_row(row).ratio.value)}"
        f"{_bracketed(figure.in_row(row))}"
        for row in known
        if not row.is_base
    ]
    shown = ratios[: 2 * MOST_NAMED]
    shown += [f"{len(ratios) - len(shown)} more in the table"] if len(ratios) > len(shown) else []
    by = f", by the geometric mean of {base.frameworks} frameworks" if base.frameworks > 1 else ""
    text = f"Ratios to {formats.text(base.kind.name)}{by}: {', '.join(shown)}."
    if figure is not RATE:
        return text  # the rules are those of the point before
    rules = dict.fromkeys(BASES[figure.in_row(row).basis] for row in known if not row.is_base)
    return " ".join([text, *rules])


def _bracketed(own: MachineFigure) -> str:
    interval = interval_of(own.ratio)
    return f" {interval}" if interval else ""


@dataclass(frozen=True, slots=True)
class MachinesChapter:
    """The input of machines.md.j2. differences: None if the machines do not differ."""

    overview: Table
    detail: Table
    differences: Table | None
    bases: list[str]


def chapter(machines: Machines) -> Chapter:
    """The chapter on the kinds of machines, and testbeds.csv."""
    shown = MachinesChapter(
        overview(machines), detail(machines), differences_table(machines), bases(machines)
    )
    tables = [table for table in (shown.overview, shown.detail, shown.differences) if table]
    files = {"testbeds.csv": testbeds_csv(machines.rows)}
    return Chapter("first", TEMPLATES / "machines.md.j2", shown, files, {HEADING: tables})


MachineColumn = tuple[Head, Callable[[MachineRow], Field]]


def overview(machines: Machines) -> Table:
    """A row for each kind of machine: all frameworks together."""
    rows = [row for place in machines.places for row in together(machines, place)]
    return _table([MACHINE, *_places(machines), INSTANCES, *_figures(machines)], rows)


def terminal_table(machines: Machines) -> Table:
    """The same for a terminal: requests/s only, without Markdown."""
    columns: list[MachineColumn] = [
        MACHINE,
        *_places(machines),
        INSTANCES,
        (Head("req/s", number=True), lambda row: _plain(formats.integer(_of(row).value))),
        (Head("ratio", number=True), lambda row: _plain(formats.ratio(_of(row).ratio.value))),
        (Head("95 % interval", number=True), lambda row: _plain(_interval_words(row))),
        (Head("verdict"), lambda row: _plain(verdict_words(RATE, _of(row)) or formats.MISSING)),
    ]
    rows = [row for place in machines.places for row in together(machines, place)]
    return _table(columns, rows)


def _of(row: MachineRow) -> MachineFigure:
    return row.requests_per_s


def _interval_words(row: MachineRow) -> str:
    return interval_of(_of(row).ratio).strip("()") or formats.MISSING


def _plain(text: str) -> Field:
    return Field(text)


def detail(machines: Machines) -> Table:
    """A row for each framework on each kind of machine."""
    rows = [row for row in machines.rows if row.framework != ALL]
    columns = [FRAMEWORK, MACHINE, *_places(machines), OUTCOME, INSTANCES, *_figures(machines)]
    return _table(columns, rows)


def _table(columns: Sequence[MachineColumn], rows: Iterable[MachineRow]) -> Table:
    return Table(
        [head for head, _ in columns], [[make(row) for _, make in columns] for row in rows]
    )


def _name_field(row: MachineRow) -> Field:
    return Field(row.kind.name + (" (base)" if row.is_base else ""), row.kind.name)


def _instances(row: MachineRow) -> Field:
    count = len(row.kind.testbeds)
    text = str(count) if row.instances == count else f"{row.instances} of {count}"
    return Field(text, row.instances)


FRAMEWORK: MachineColumn = (Head("framework"), lambda row: Field(row.title, row.framework))
MACHINE: MachineColumn = (Head("machine", name="machine"), _name_field)
OUTCOME: MachineColumn = (
    Head("outcome"),
    lambda row: Field(row.outcome.value if row.outcome else "no result"),
)
INSTANCES: MachineColumn = (Head("instances", number=True), _instances)


def _places(machines: Machines) -> list[MachineColumn]:
    """What the place is; nothing if all rows have the same."""
    return [
        (Head(factor.column, number=True), partial(_place, factor))
        for factor in several(machines.places)
    ]


def _place(factor: Factor, row: MachineRow) -> Field:
    return factor_field(factor, row.cell)


def _figures(machines: Machines) -> list[MachineColumn]:
    """Requests/s and CPU time; requests for a price if a machine has one."""
    priced = any(row.requests_per_money.value is not None for row in machines.rows)
    for_money: list[MachineColumn] = [
        (Head("million requests per money", number=True), _millions),
        (Head("per money, ratio", number=True), lambda row: _ratio(MONEY, row)),
        (Head("per money, verdict"), lambda row: _verdict(MONEY, row)),
    ]
    return [
        (Head("requests/s", number=True), _rate),
        (Head("ratio", number=True), lambda row: _ratio(RATE, row)),
        (Head("verdict"), lambda row: _verdict(RATE, row)),
        (Head("CPU time per request, ratio", number=True), lambda row: _ratio(CPU, row)),
        (Head("CPU time, verdict"), lambda row: _verdict(CPU, row)),
        *(for_money if priced else []),
    ]


def _rate(row: MachineRow) -> Field:
    own = RATE.in_row(row)
    return Field(formats.integer(own.value), own.value, _spread(own))


def _millions(row: MachineRow) -> Field:
    money = MONEY.in_row(row).value
    millions = None if money is None else money / 1e6
    return Field(formats.number(millions), millions)


def _spread(own: MachineFigure) -> str:
    """The range of several instances."""
    if own.low is None or own.low == own.high:
        return ""
    return f"({formats.integer(own.low)} to {formats.integer(own.high)})"


def _ratio(figure: Figure, row: MachineRow) -> Field:
    own = figure.in_row(row)
    return Field(formats.ratio(own.ratio.value), own.ratio.value, interval_of(own.ratio))


def _verdict(figure: Figure, row: MachineRow) -> Field:
    own = figure.in_row(row)
    words = verdict_words(figure, own)
    if own.verdict in (Verdict.BETTER, Verdict.WORSE):
        return Field("", words, note=f"**{words}**")
    return Field(words or ("" if row.is_base else formats.MISSING), words)


def bases(machines: Machines) -> list[str]:
    """What the intervals rest on, in sentences; each once."""
    found = dict.fromkeys(
        figure.in_row(row).basis
        for row in machines.rows
        for figure in (RATE, CPU)
        if not row.is_base and figure.in_row(row).value is not None
    )
    return [BASES[basis] for basis in found]


def differences_table(machines: Machines) -> Table | None:
    """What differs between the machines, the first instance of each; None if nothing does."""
    firsts = [machines.instances[kind.testbeds[0]] for kind in machines.kinds]
    differing = machine_differences([(one.run, one.testbed.name) for one in firsts])
    return table_of(differing, [kind.name for kind in machines.kinds])


def table_of(differing: Sequence[Values], names: Iterable[str]) -> Table | None:
    """A row for each recorded value that is not the same everywhere; None if all are."""
    if not differing:
        return None
    return Table(
        [Head("part"), Head("name"), *map(Head, names)],
        [
            [Field(part), Field(name), *(Field(value or formats.MISSING) for value in values)]
            for part, name, values in differing
        ],
    )
