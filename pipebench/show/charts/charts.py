"""The pictures of a report: which there are, what each shows, and what it says in words.

drawing.py says how they look, draw.py draws them. Only what the tables have is shown, by the same
rules: medians over the rounds that answered with their exact intervals, a failure in words and
never as a 0. What a person can read is bounded, and so is the size of a page: the title names what
is not shown.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import ceil, inf, log2
from statistics import median
from textwrap import shorten
from typing import Any

from pipebench.compare.machine_columns import verdict_words
from pipebench.compare.machines import ALL, MachineRow, Machines
from pipebench.measure.latency import TAILS_PPM
from pipebench.record.schema import Cell
from pipebench.rules.outcome import RATED, Outcome
from pipebench.run.cells import CELL_GROUP, cell_group, labels
from pipebench.run.entries import Figure
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedMeasurement, JudgedRun
from pipebench.show import formats
from pipebench.show.bar_list import bar_list
from pipebench.show.charts import drawing
from pipebench.show.charts.drawing import (
    TIMES,
    Bar,
    Bars,
    Heat,
    Lines,
    Look,
    Point,
    Scale,
    Strip,
    Strips,
)
from pipebench.show.machines import together
from pipebench.show.table import FORMS, interval_of
from pipebench.stats.estimate import Estimate, estimate, ratios

RATE, CPU = CellSummary.requests_per_s, CellSummary.server_cpu_us_per_request
MOST_GROUPS = 4
MOST_PANELS = 6
MOST_HEAT_PANELS = 8
MOST_LINES = 8
"""In a panel; of more frameworks there are more panels, and so fewer cells."""
MOST_STRIPS = 32
"""About; of more frameworks there are as many, but of one cell group."""
MOST_DOTS = 1200
LEAST_DOTS = 10
"""Single rounds of a chart, and of each framework in it at least."""
USUAL = {"workers": 1, "depth": 5, "connections": 200}
"""What is shown where there are too many to show all."""
LONGEST_WORDS = 72
SLOWER_HALF = 500_000
NAMED_TAILS = {500_000: "p50", 100_000: "p90", 10_000: "p99", 1_000: "p99.9", 100: "p99.99"}
QUANTILES = (
    " : ".join(f"datum.value == {1e6 / tail:g} ? '{name}'" for tail, name in NAMED_TAILS.items())
    + " : ''"
)


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture.

    name: of its file, without .svg. title: what it shows, a sentence. alt: what a reader who
    cannot see it must know, with the figures, on one line. spec: its data and marks, as Vega-Lite
    has them. narrow: the same as a list in HTML, for a narrow screen; empty if there is none.
    """

    name: str
    title: str
    alt: str
    spec: dict[str, Any]
    narrow: str = ""


@dataclass(frozen=True, slots=True)
class Data:
    """A run as the charts need it. looks: by the framework's name; label: names a cell.

    machines: the testbeds compared, None if there is only one.
    """

    rows: list[CellSummary]
    measured: dict[Cell, list[JudgedMeasurement]]
    looks: dict[str, Look]
    label: Callable[[Cell], str]
    machines: Machines | None = None

    def of(self, row: CellSummary) -> list[JudgedMeasurement]:
        """The measurements of a row's cell, by round."""
        return self.measured.get(row.cell, [])

    def look(self, row: CellSummary) -> Look:
        """How a row's framework is drawn."""
        return self.looks[row.cell.framework]

    def groups(self, keys: Sequence[str]) -> list[list[CellSummary]]:
        """Rows that are the same in these keys, by them."""

        def place(row: CellSummary) -> Any:
            return tuple(getattr(row.cell, key) for key in keys)

        return [list(own) for _, own in groupby(sorted(self.rows, key=place), key=place)]


def data_of(
    judged_run: JudgedRun, rows: list[CellSummary], machines: Machines | None = None
) -> Data:
    """A run as the charts need it. rows: summary.csv's."""
    label = labels(row.cell for row in rows)
    return Data(rows, judged_run.by_cell, looks(judged_run, rows), label, machines)


def looks(judged_run: JudgedRun, rows: list[CellSummary]) -> dict[str, Look]:
    """A look for each framework, the same in every chart of a report."""
    roles = {row.cell.framework: row.role for row in rows}
    titles = {row.cell.framework: " ".join(row.title.split()) for row in rows}
    same = Counter(titles.values())
    titles = {name: t if same[t] == 1 else f"{t} ({name})" for name, t in titles.items()}
    own = sorted(name for name, role in roles.items() if role == "framework")
    found = {name: drawing.look(number, titles[name]) for number, name in enumerate(own)}
    for name, role in roles.items():
        framework = judged_run.run.frameworks.get(name)
        like = found.get(framework.control_of or "") if framework else None
        if role == "control" and like:
            found[name] = Look(titles[name], like.colour, like.shape, (4, 3), hollow=True)
        elif role != "framework":
            found[name] = Look(titles[name], drawing.INK, "circle", (2, 2), hollow=True)
    return found


def throughput(data: Data) -> Chart | None:
    """Requests/s with interval, rounds and ceiling: bars from 0, whose lengths may be compared."""
    groups, where = _shown_groups(data)
    most, dots = _dots(data, groups)
    panels = [_bars(data, group, RATE, most) for group in groups]
    values = [value for panel in panels for value in panel.values]
    if not values:
        return None
    scale = drawing.linear("requests/s", values, drawing.COUNT)
    ceiling = ", the dashed line is the ceiling server" if any(p.line for p in panels) else ""
    return Chart(
        "throughput",
        f"Requests per second{where}: the bars are medians over the rounds{_sure(panels)}, "
        f"the dots under them are {dots}{ceiling}.",
        _bars_said("Requests per second", panels),
        drawing.bars(panels, scale),
        bar_list(f"Requests per second{where}: medians over the rounds{_sure(panels)}.", panels),
    )


def cpu(data: Data) -> Chart | None:
    """CPU time per request, the same way; logarithmic, for it is the little ones that matter."""
    groups, where = _shown_groups(data)
    most, dots = _dots(data, groups)
    panels = [_bars(data, group, CPU, most) for group in groups]
    values = [value for panel in panels for value in panel.values]
    if not values or min(values) <= 0:
        return None
    scale = drawing.logarithmic("server CPU time per request", values, drawing.DURATION)
    return Chart(
        "cpu",
        f"Server CPU time per request{where}, less is better, on a logarithmic axis: the symbols "
        f"are medians over the rounds{_sure(panels)}, the dots under them are {dots}.",
        _bars_said("Server CPU time per request", panels),
        drawing.bars(panels, scale),
        bar_list(
            f"Server CPU time per request{where}, less is better: "
            f"medians over the rounds{_sure(panels)}.",
            panels,
        ),
    )


def _estimate(figure: Figure, row: CellSummary) -> Estimate | None:
    """A row's median and interval; none if its outcome has none."""
    own = figure.in_row(row)
    if row.outcome not in RATED or not own.value:  # no axis of ratios has a 0
        return None
    return Estimate(own.value, own.low, own.high)


def _shown_groups(data: Data, most: int = MOST_GROUPS) -> tuple[list[list[CellSummary]], str]:
    """The cell groups that a person can look at, and in words which they are.

    All where they are few; else, on each testbed, the usual depth and connections, or what is
    nearest to them and has a rate.
    """
    groups = data.groups(CELL_GROUP)
    if len(groups) <= most:
        return groups, ""

    def strangeness(group: list[CellSummary]) -> Any:
        rated = any(row.requests_per_s.value is not None for row in group)
        away = sum(abs(log2(getattr(group[0].cell, key) / value)) for key, value in USUAL.items())
        return not rated, away

    nearest = cell_group(min(groups, key=strangeness)[0].cell)
    chosen = [group for group in groups if cell_group(group[0].cell)[1:] == nearest[1:]]
    if data.machines:  # one of each kind is enough
        firsts = {kind.testbeds[0] for kind in data.machines.kinds}
        chosen = [group for group in chosen if group[0].cell.testbed in firsts]
    chosen = chosen[:most]
    places = " and ".join(data.label(group[0].cell) for group in chosen)
    rest = len(groups) - len(chosen)
    others = "1 other group of cells is" if rest == 1 else f"{rest} other groups of cells are"
    return chosen, f" at {places} ({others} in the table)"


def _dots(data: Data, groups: list[list[CellSummary]]) -> tuple[int, str]:
    """How many rounds of each framework are dots, and what to call them."""
    rows = sum(map(len, groups))
    taken = max((len(data.of(row)) for group in groups for row in group), default=0)
    most = max(LEAST_DOTS, MOST_DOTS // max(1, rows))
    return most, "single rounds" if taken <= most else f"the first {most} of {taken} rounds"


def _bars(data: Data, group: list[CellSummary], figure: Figure, most: int) -> Bars:
    """The panel of one cell group, the best first and what has no figure last."""
    made: list[Bar] = []
    line: tuple[float, str] | None = None
    form = FORMS[figure.form]
    for row in group:
        found = _estimate(figure, row)
        if found and row.role == "ceiling":
            line = (found.median, f"{data.look(row).title} {form(found.median)}")
            continue
        words = _outcome(row)
        if found:
            words = form(found.median)
            if found.low is not None:
                words += f" ({form(found.low)} to {form(found.high)})"
            if row.outcome != Outcome.OK:
                words += f" {row.outcome}"
        dots = list(figure.by_round(data.of(row)).values())[:most] if found else []
        made.append(Bar(data.look(row), found, dots, words))
    sign = 1 if figure is CPU else -1
    made.sort(key=lambda bar: sign * bar.figure.median if bar.figure else inf)
    return Bars(data.label(group[0].cell), made, line)


def _outcome(row: CellSummary) -> str:
    """What stands in place of a figure: the outcome, and the first thing said of it."""
    if row.outcome in RATED:
        return "not measured"
    said = str(row.reason or "").split(";")[0]
    return shorten(f"{row.outcome or 'no result'}: {said}", LONGEST_WORDS, placeholder=" ...")


def _sure(panels: list[Bars]) -> str:
    figures = [bar.figure for panel in panels for bar in panel.bars if bar.figure]
    return " with 95 % intervals" if any(found.low is not None for found in figures) else ""


def _bars_said(what: str, panels: list[Bars]) -> str:
    told = []
    for panel in panels:
        each = [f"{bar.look.title} {bar.words}" for bar in panel.bars]
        each += [panel.line[1]] if panel.line else []
        told.append(f"{what}{_at(panel.title)}: {'; '.join(each)}.")
    return " ".join(told)


def _at(place: str) -> str:
    return f" at {place}" if place else ""


def latency(data: Data) -> Chart | None:
    """Quantiles of the batch latency, each the median over the rounds."""
    half = TAILS_PPM.index(SLOWER_HALF)
    groups, where = _shown_groups(data, min(MOST_GROUPS, _most_cells(data)))
    panels, said = [], []
    for group in groups:
        curves = [(row, _curve(data.of(row))) for row in group]
        # with a single batch there is a least, but no half; and no axis of ratios has a 0
        curves = [(row, curve) for row, curve in curves if any(curve[half : half + 1])]
        if not curves:
            continue
        drawn = [
            (
                data.look(row),
                [
                    Point(1e6 / tail, value, marked=tail in NAMED_TAILS)
                    for tail, value in zip(TAILS_PPM, curve, strict=False)
                    if tail <= SLOWER_HALF
                ],
            )
            for row, curve in curves
        ]
        panels.append(Lines(data.label(group[0].cell), drawn, _without(data, group, drawn)))
        told = [f"{data.look(row).title} {_quantiles(curve)}" for row, curve in curves]
        told += [panels[-1].note] if panels[-1].note else []
        said.append(f"Batch latency{_at(panels[-1].title)}: {'; '.join(told)}.")
    if not panels:
        return None
    across = Scale(
        "quantile of the batches", 2, 10_000, log=True, label=QUANTILES,
        ticks=tuple(1e6 / tail for tail in NAMED_TAILS),
    )  # fmt: skip
    values = [value for panel in panels for value in panel.values]
    up = drawing.logarithmic("batch latency", values, drawing.DURATION)
    return Chart(
        "latency",
        f"Batch latency by quantile{where}, both axes logarithmic: how long the slowest half, "
        "tenth, hundredth ... of the batches took at least, medians over the rounds; a line ends "
        "where a round had too few batches.",
        " ".join(said),
        drawing.lines(_split(panels), across, up),
    )


def _curve(seen: list[JudgedMeasurement]) -> list[float]:
    """Medians over the rounds, as far as each round has that quantile."""
    totals = [m.measurement.totals for m in seen if m.judgement.outcome in RATED]
    curves = [found.latency.curve for found in totals if found and found.latency]
    # a quantile that some rounds cannot show would be that of the fast rounds alone
    return [median(values) for values in zip(*curves, strict=False)]


def _quantiles(curve: list[float]) -> str:
    known = dict(zip(TAILS_PPM, curve, strict=False))
    told = [
        f"{name} {formats.us(known[tail])}" for tail, name in NAMED_TAILS.items() if tail in known
    ]
    return ", ".join(told) or "too few batches"


def _without(data: Data, group: list[CellSummary], drawn: list[tuple[Look, list[Point]]]) -> str:
    """Who of a group has no line, and why, in words."""
    there = {look.title for look, _ in drawn}
    return "; ".join(
        f"{data.look(row).title}: {row.outcome or 'no result'}"
        for row in group
        if data.look(row).title not in there
    )


def served(data: Data) -> Chart | None:
    """How evenly the connections were served: responses of each, the least served first."""
    groups, where = _shown_groups(data, min(MOST_GROUPS, _most_cells(data)))
    panels, words = [], []
    for group in groups:
        curves = [(row, curve) for row in group if (curve := _served_curve(data.of(row)))]
        if not curves:
            continue
        drawn = [
            (
                data.look(row),
                [Point(100 * n / (len(curve) - 1), y, marked=False) for n, y in enumerate(curve)],
            )
            for row, curve in curves
        ]
        panels.append(Lines(data.label(group[0].cell), drawn, _without(data, group, drawn)))
        ends = [
            f"{data.look(row).title} {formats.ratio(curve[0])} to {formats.ratio(curve[-1])}"
            for row, curve in curves
        ]
        words.append(f"Least to most served connection{_at(panels[-1].title)}: {'; '.join(ends)}.")
    if not panels:
        return None
    across = Scale("connections, the least served first, %", 0, 100, log=False, label=TIMES)
    values = [1.0, *(value for panel in panels for value in panel.values)]
    up = drawing.linear("responses by the mean", values, TIMES)
    return Chart(
        "served",
        f"How evenly the connections were served{where}: responses of each connection by the mean "
        "of all, the least served first, medians over the rounds; a level line at 1 is even, and 0 "
        "is a connection that was never served.",
        " ".join(words),
        drawing.lines(_split(panels), across, up),
    )


def _served_curve(seen: list[JudgedMeasurement]) -> list[float]:
    """Medians over the rounds of the quantiles of responses a connection, by their mean."""
    rated = [m.measurement.served for m in seen if m.judgement.outcome in RATED]
    curves = [
        [value / mean for value in one.responses]
        for one in rated
        if one and one.responses and (mean := sum(one.responses) / len(one.responses))
    ]
    return [median(values) for values in zip(*curves, strict=True)]


def rounds(data: Data) -> Chart | None:
    """Every round's rate by its framework's median, in the order in which they were made."""
    fitting = max(1, MOST_STRIPS // max(1, len(data.looks)))
    groups, where = _shown_groups(data, min(MOST_GROUPS, fitting))
    most, _ = _dots(data, groups)
    count = max(
        (m.measurement.round for group in groups for row in group for m in data.of(row)), default=0
    )
    panels = [
        Strips(
            data.label(group[0].cell), [_strip(data, row, most) for row in group if data.of(row)]
        )
        for group in groups
    ]
    panels = [panel for panel in panels if panel.strips]
    if not panels:
        return None
    said = " ".join(
        f"Rounds{_at(panel.title)}: "
        + "; ".join(f"{strip.look.title} {strip.words}" for strip in panel.strips)
        + "."
        for panel in panels
    )
    cut = f"; the first {most} of {count} rounds" if count > most else ""
    return Chart(
        "rounds",
        f"The rounds in their order{where}: requests per second of each against the median of its "
        f"framework, to the same scale in every row; a cross is a round that failed{cut}.",
        said,
        drawing.strips(panels, min(count, most)),
    )


def _strip(data: Data, row: CellSummary, most: int) -> Strip:
    seen = [m for m in data.of(row) if m.judgement.outcome != Outcome.INVALID]
    rates = RATE.by_round(seen)
    found = estimate(list(rates.values()))
    bad = [m.measurement.round for m in seen if m.judgement.outcome not in RATED]
    points = [(n, value / found.median) for n, value in sorted(rates.items())] if found else []
    words = []
    if points:
        ratio = [value for _, value in points]
        words.append(f"{formats.ratio(min(ratio))} to {formats.ratio(max(ratio))}")
    if bad:
        words.append(f"{row.outcome} in {len(bad)} of {len(seen)}")
    return Strip(
        data.look(row),
        [(number, value) for number, value in points if number <= most],
        [number for number in bad if number <= most],
        ", ".join(words) or "no result",
    )


def depth(data: Data) -> Chart | None:
    """Requests/s against depth."""
    return _scan(data, "depth", "requests written at once on a connection (depth)")


def connections(data: Data) -> Chart | None:
    """Requests/s against connections."""
    return _scan(data, "connections", "connections")


def _scan(data: Data, along: str, title: str) -> Chart | None:
    """Requests/s against one key, a panel for each combination of the others."""
    groups, cut = _panels(data, along)
    panels, said = [], []
    for place, group in groups:
        drawn = []
        for own in _by_framework(group):
            figures = [
                (getattr(row.cell, along), found) for row in own if (found := _estimate(RATE, row))
            ]
            if figures:
                points = [Point(x, found.median, found.low, found.high) for x, found in figures]
                drawn.append((data.look(own[0]), points))
        if not drawn:
            continue
        panels.append(Lines(place, drawn, _failures(data, group, along)))
        said.append(
            _scan_said(f"Requests per second against {along}", along, panels[-1], formats.integer)
        )
    if not panels:
        return None
    across = drawing.measured(
        title, [p.x for panel in panels for _, own in panel.lines for p in own]
    )
    if across.low == across.high:
        return None
    up = drawing.logarithmic(
        "requests/s", [value for panel in panels for value in panel.values], drawing.COUNT
    )
    sure = any(p.low is not None for panel in panels for _, own in panel.lines for p in own)
    return Chart(
        along,
        f"Requests per second against {along}, both axes logarithmic: medians over the rounds"
        f"{' with 95 % intervals' if sure else ''}{cut}.",
        " ".join(said),
        drawing.lines(_split(panels), across, up),
    )


def gain(data: Data) -> Chart | None:
    """What pipelining gains: requests/s at each depth by those at depth 1 in the same round."""
    groups, cut = _panels(data, "depth")
    panels, said = [], []
    for place, group in groups:
        drawn = []
        for own in _by_framework(group):
            if own[0].cell.depth != 1:
                continue
            single = RATE.by_round(data.of(own[0]))
            points = []
            for row in own:
                found = estimate(ratios(RATE.by_round(data.of(row)), single))
                if found and row.outcome in RATED and own[0].outcome in RATED:
                    points.append(Point(row.cell.depth, found.median, found.low, found.high))
            if len(points) > 1:
                drawn.append((data.look(own[0]), points))
        if not drawn:
            continue
        deepest = max(point.x for _, points in drawn for point in points)
        guide = [Point(1, 1), Point(deepest, deepest)]
        panels.append(Lines(place, drawn, guide=guide, guide_label="= depth"))
        said.append(
            _scan_said(
                "Times the requests per second at depth 1", "depth", panels[-1], formats.ratio
            )
        )
    if not panels:
        return None
    across = drawing.measured(
        "depth", [p.x for panel in panels for _, own in panel.lines for p in own]
    )
    values = [*(value for panel in panels for value in panel.values), 1, across.high]
    up = drawing.logarithmic("times that at depth 1", values, drawing.TIMES)
    return Chart(
        "gain",
        "What pipelining gains: requests per second at each depth, as a multiple of those at "
        "depth 1 in the same round, medians over the rounds; the dotted line is as many times as "
        f"the depth{cut}.",
        " ".join(said),
        drawing.lines(_split(panels), across, up),
    )


def price(data: Data) -> Chart | None:
    """Requests/s against what an hour of the server's host costs, a point a testbed.

    None without prices, or where they are in several currencies.
    """
    prices = {row.cell: row.price for row in data.rows if row.role == "framework" and row.price}
    units = {price.currency for price in prices.values()}
    if len(units) != 1:
        return None
    groups: dict[tuple[int, ...], list[CellSummary]] = {}
    priced = sorted(
        (row for row in data.rows if row.cell in prices),
        key=lambda row: (cell_group(row.cell)[1:], prices[row.cell].per_hour),
    )
    for row in priced:
        groups.setdefault(cell_group(row.cell)[1:], []).append(row)
    shown = _evenly(list(groups.values()), MOST_PANELS)
    label = labels(group[0].cell for group in groups.values())
    unit = units.pop()
    panels, said = [], []
    for group in shown:
        drawn = []
        for own in _by_framework(group):
            points = [
                Point(prices[row.cell].per_hour, found.median, found.low, found.high)
                for row in own
                if (found := _estimate(RATE, row))
            ]
            if points:
                drawn.append((data.look(own[0]), points))
        if drawn:
            panels.append(Lines(label(group[0].cell), drawn, _failures(data, group, "testbed")))
            said.append(_price_said(panels[-1], unit))
    if not panels:
        return None
    across = drawing.linear(
        f"price of the server's host, {unit} an hour",
        [p.x for panel in panels for _, own in panel.lines for p in own],
        drawing.TIMES,
    )
    up = drawing.logarithmic(
        "requests/s", [value for panel in panels for value in panel.values], drawing.COUNT
    )
    cut = f"; {len(shown)} of {len(groups)} such pictures" if len(shown) < len(groups) else ""
    return Chart(
        "price",
        f"Requests per second, logarithmic, against the price of the server's host, a point a "
        f"testbed: medians over the rounds with their intervals{cut}.",
        " ".join(said),
        drawing.lines(panels, across, up),
    )


def machines(data: Data) -> Chart | None:
    """The ratio of each kind of machine to the base, with its interval: a forest plot."""
    if data.machines is None:
        return None
    compared = data.machines
    base = compared.base.name
    panels = []
    for place in compared.places[:MOST_GROUPS]:
        own = [row for row in together(compared, place) if row.requests_per_s.ratio.value]
        bars = [
            _machine_bar(number, row, data) for number, row in enumerate(own) if not row.is_base
        ]
        if bars:
            title = ", ".join(f"{n} {v}" for n, v in zip(CELL_GROUP[1:], place, strict=True))
            line = (1.0, f"{base} 1")
            panels.append(Bars(title if len(compared.places) > 1 else "", bars, line))
    if not panels:
        return None
    scale = drawing.logarithmic(
        "ratio of requests/s", [value for panel in panels for value in panel.values], TIMES
    )
    sure = _sure(panels)
    return Chart(
        "machines",
        f"Requests per second relative to {base}, all frameworks together, on a logarithmic axis: "
        f"the symbols are ratios{sure}, the dots under them are single frameworks.",
        _bars_said(f"Requests per second relative to {base}", panels),
        drawing.bars(panels, scale),
        bar_list(f"Requests per second relative to {base}{sure}.", panels),
    )


def _machine_bar(number: int, row: MachineRow, data: Data) -> Bar:
    ratio = row.requests_per_s.ratio
    words = formats.ratio(ratio.value)
    words += f" {interval_of(ratio)}" if ratio.low is not None else ""
    verdict = verdict_words(RATE, row.requests_per_s)
    words += f" {verdict}" if verdict else ""
    each = [
        one.requests_per_s.ratio.value
        for one in (data.machines.rows if data.machines else ())
        if one.kind == row.kind and one.place == row.place and one.framework != ALL
    ]
    figure = None if ratio.value is None else Estimate(ratio.value, ratio.low, ratio.high)
    look = drawing.look(number, row.kind.name)
    return Bar(look, figure, [value for value in each if value], words)


def _price_said(panel: Lines, unit: str) -> str:
    told = "; ".join(
        f"{look.title} "
        + ", ".join(f"{formats.integer(point.y)} for {point.x:g}" for point in points)
        for look, points in panel.lines
    )
    return f"Requests per second for {unit} an hour{_at(panel.title)}: {told}."


def _panels(data: Data, along: str) -> tuple[list[tuple[str, list[CellSummary]]], str]:
    """Panels that a person can look at: what they are headed with, and their rows by `along`.

    Only those in which it varies; of too many, some evenly between the first and the last, and in
    words how many are left out. Without the A/A control, which says nothing of its own here.
    """
    keys = [key for key in CELL_GROUP if key != along]
    groups = [
        [row for row in group if row.role != "control"] for group in data.groups([*keys, along])
    ]
    whole: dict[tuple[Any, ...], list[CellSummary]] = {}
    for group in groups:
        for row in group:
            whole.setdefault(tuple(getattr(row.cell, key) for key in keys), []).append(row)
    found = [
        group for group in whole.values() if len({getattr(row.cell, along) for row in group}) > 1
    ]
    shown = _evenly(found, _most_cells(data))
    label = labels(group[0].cell for group in found)
    cut = (
        f"; {len(shown)} of {len(found)} such pictures are shown" if len(shown) < len(found) else ""
    )
    return [(label(group[0].cell), group) for group in shown], cut


def _most_cells(data: Data) -> int:
    """Of how many cells the lines of all frameworks fit into the panels."""
    return max(1, MOST_PANELS // max(1, ceil(len(data.looks) / MOST_LINES)))


def _split(panels: list[Lines]) -> list[Lines]:
    """Panels of as many lines as a person can tell apart, the highest first."""
    made = []
    for panel in panels:
        count = len(panel.lines)
        size = ceil(count / ceil(count / MOST_LINES))
        ordered = sorted(panel.lines, key=lambda line: -line[1][-1].y)
        for first in range(0, count, size):
            own = ordered[first : first + size]
            part = f"lines {first + 1} to {first + len(own)} of {count}" if size < count else ""
            title = ", ".join(word for word in (panel.title, part) if word)
            made.append(replace(panel, title=title, lines=own, note="" if first else panel.note))
    return made


def _evenly(items: list[Any], most: int) -> list[Any]:
    if len(items) <= most:
        return items
    if most == 1:
        return [items[len(items) // 2]]
    return [items[round(number * (len(items) - 1) / (most - 1))] for number in range(most)]


def _by_framework(rows: list[CellSummary]) -> list[list[CellSummary]]:
    """Rows of each framework, in their order."""
    own: dict[str, list[CellSummary]] = {}
    for row in rows:
        own.setdefault(row.cell.framework, []).append(row)
    return list(own.values())


def _failures(data: Data, group: list[CellSummary], along: str) -> str:
    """What has no point on its line, in words."""
    told = []
    for own in _by_framework(group):
        bad = [row for row in own if row.outcome not in RATED]
        for outcome in dict.fromkeys(row.outcome for row in bad):
            values = [str(getattr(row.cell, along)) for row in bad if row.outcome == outcome]
            at = "" if len(values) == len(own) else f" at {along} {', '.join(values)}"
            told.append(f"{data.look(own[0]).title}: {outcome or 'no result'}{at}")
    return "; ".join(told)


def _scan_said(what: str, along: str, panel: Lines, form: Callable[[Any], str]) -> str:
    told = []
    for look, points in panel.lines:
        first, best = points[0], max(points, key=lambda point: point.y)
        begun = f"{look.title} {form(first.y)} at {along} {first.x:g}"
        most = f", the most {form(best.y)} at {along} {best.x:g}" if best is not first else ""
        told.append(begun + most)
    told += [panel.note] if panel.note else []
    return f"{what}{_at(panel.title)}: {'; '.join(told)}."


def heat(data: Data) -> Chart | None:
    """Depth by connections for each framework: requests/s as a share of its own best cell."""
    keys = ("testbed", "workers", "framework")
    candidates = []
    for group in data.groups(keys):
        rates = {row.cell: rate for row in group if (rate := _cell_rate(row))}
        spans = [
            len({row.cell.depth for row in group}),
            len({row.cell.connections for row in group}),
        ]
        if rates and min(spans) > 1 and group[0].role == "framework":
            candidates.append((rates, group))
    if not candidates:
        return None
    candidates.sort(key=lambda candidate: -max(candidate[0].values()))
    shown = candidates[:MOST_HEAT_PANELS]
    label = labels(next(iter(rates))._replace(depth=0, connections=0) for rates, _ in shown)
    panels, said = [], []
    for rates, group in shown:
        best, least = max(rates, key=rates.__getitem__), min(rates, key=rates.__getitem__)
        top = rates[best]
        title = data.look(group[0]).title
        place = ", ".join(word for word in (title, label(best)) if word)
        panels.append(
            Heat(
                f"{place}: 1 is {formats.integer(top)} requests/s",
                [_cell(row, top) for row in group],
            )
        )
        share = formats.ratio(rates[least] / top)
        said.append(
            f"{place} the most with {formats.integer(top)} at {_cell_name(best)}, "
            f"the least with {share} of it at {_cell_name(least)}"
        )
    rest = len(candidates) - len(shown)
    return Chart(
        "heat",
        "Requests per second by depth and connections, each framework as a share of its own best "
        f"cell{f'; the fastest {len(shown)} of {len(candidates)}' if rest else ''}.",
        f"Requests per second by depth and connections: {'; '.join(said)}.",
        drawing.heat(panels, "depth", "connections"),
    )


def _cell_rate(row: CellSummary) -> float | None:
    return row.requests_per_s.value if row.outcome in RATED else None


def _cell(row: CellSummary, top: float) -> tuple[int, int, float | None, str]:
    depth, connections, rate = row.cell.depth, row.cell.connections, _cell_rate(row)
    if rate is None:
        word = "n/a" if row.outcome == Outcome.UNAVAILABLE else row.outcome or "-"
        return depth, connections, None, word
    return depth, connections, rate / top, f"{rate / top:.2f}"


def _cell_name(cell: Cell) -> str:
    return f"depth {cell.depth}, {cell.connections} connections"


CHARTS: tuple[Callable[[Data], Chart | None], ...] = (
    throughput,
    cpu,
    latency,
    served,
    rounds,
    depth,
    gain,
    connections,
    heat,
    price,
    machines,
)
"""In the order of a report, the first two those of the headline's answer.

Each makes its chart, or None if a run has no data for it.
"""
