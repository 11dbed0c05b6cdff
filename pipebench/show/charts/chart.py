"""What the pictures of a report share: the data, and what a person can look at of it.

Only what the tables have is shown, by the same rules: medians over the rounds that answered with
their exact intervals, a failure in words and never as a 0. What a person can read is bounded, and
so is the size of a page: the title names what is not shown. drawing.py says how pictures look.
"""

from collections import Counter
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass, replace
from itertools import groupby
from math import ceil, log2
from typing import Any

from pipebench.compare.machines import Machines
from pipebench.record.factors import ALL, GROUP, PLACE, Cell, Factor, order, place_of
from pipebench.rules.outcome import RATED
from pipebench.run.cells import labels
from pipebench.run.entries import Figure
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedMeasurement, JudgedRun
from pipebench.show.charts.drawing.bars import BarPanel
from pipebench.show.charts.drawing.lines import LinePanel, Point
from pipebench.show.charts.drawing.style import INK, Look, look
from pipebench.stats.estimate import UNKNOWN, Estimate

RATE, CPU = CellSummary.requests_per_s, CellSummary.server_cpu_us_per_request
MOST_GROUPS = 4
MOST_PANELS = 6
MOST_LINES = 8
"""In a panel; of more frameworks there are more panels, and so fewer cells."""
MOST_DOTS = 1200
LEAST_DOTS = 10
"""Single rounds of a chart, and of each framework in it at least."""


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

    def groups(self, factors: Sequence[Factor] = GROUP) -> list[list[CellSummary]]:
        """Rows that are the same in these factors, by them."""

        def place(row: CellSummary) -> list[Any]:
            return order(row.cell, factors)

        return [list(own) for _, own in groupby(sorted(self.rows, key=place), key=place)]


ChartMaker = Callable[[Data], Chart | None]
"""Makes a chart, or None if there is no data for it."""


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
    found = {name: look(number, titles[name]) for number, name in enumerate(own)}
    for name, role in roles.items():
        framework = judged_run.run.frameworks.get(name)
        like = found.get(framework.control_of or "") if framework else None
        if role == "control" and like:
            found[name] = Look(titles[name], like.colour, like.shape, (4, 3), hollow=True)
        elif role != "framework":
            found[name] = Look(titles[name], INK, "circle", (2, 2), hollow=True)
    return found


def estimate_of(figure: Figure, row: CellSummary) -> Estimate:
    """A row's median and interval; UNKNOWN if its outcome has none."""
    own = figure.in_row(row)
    if row.outcome not in RATED or not own.value:  # no axis of ratios has a 0
        return UNKNOWN
    return own.spread


def shown_groups(data: Data, most: int = MOST_GROUPS) -> tuple[list[list[CellSummary]], str]:
    """The cell groups that a person can look at, and in words which they are.

    All where they are few; else, on each testbed, the usual place, or what is nearest to it and has
    a rate.
    """
    groups = data.groups()
    if len(groups) <= most:
        return groups, ""

    def strangeness(group: list[CellSummary]) -> Any:
        rated = any(row.requests_per_s.value is not None for row in group)
        return not rated, sum(_doublings(factor, group[0]) for factor in PLACE)

    nearest = place_of(min(groups, key=strangeness)[0].cell)
    chosen = [group for group in groups if place_of(group[0].cell) == nearest]
    if data.machines:  # one of each kind is enough
        firsts = {kind.testbeds[0] for kind in data.machines.kinds}
        chosen = [group for group in chosen if group[0].cell.testbed in firsts]
    chosen = chosen[:most]
    places = " and ".join(data.label(group[0].cell) for group in chosen)
    rest = len(groups) - len(chosen)
    others = "1 other group of cells is" if rest == 1 else f"{rest} other groups of cells are"
    return chosen, f" at {places} ({others} in the table)"


def _doublings(factor: Factor, row: CellSummary) -> float:
    """How often the usual value is doubled or halved in a row; 0 for what has no usual one."""
    value = factor.of(row.cell)
    if value == ALL:
        value = row.worker_count or 1
    if factor.usual is None or not isinstance(value, int):
        return 0
    return abs(log2((value or 1) / (factor.usual or 1)))


def dots_of(data: Data, groups: list[list[CellSummary]]) -> tuple[int, str]:
    """How many rounds of each framework are dots, and what to call them."""
    rows = sum(map(len, groups))
    taken = max((len(data.of(row)) for group in groups for row in group), default=0)
    most = max(LEAST_DOTS, MOST_DOTS // max(1, rows))
    return most, "single rounds" if taken <= most else f"the first {most} of {taken} rounds"


def with_intervals(panels: list[BarPanel]) -> str:
    figures = [bar.figure for panel in panels for bar in panel.bars]
    return " with 95 % intervals" if any(found.low is not None for found in figures) else ""


def bars_said(what: str, panels: list[BarPanel]) -> str:
    told = []
    for panel in panels:
        each = [f"{bar.look.title} {bar.words}" for bar in panel.bars]
        each += [panel.line[1]] if panel.line else []
        told.append(f"{what}{at_cell(panel.title)}: {'; '.join(each)}.")
    return " ".join(told)


def at_cell(place: str) -> str:
    return f" at {place}" if place else ""


def without_line(
    data: Data, group: list[CellSummary], drawn: list[tuple[Look, list[Point]]]
) -> str:
    """Who of a group has no line, and why, in words."""
    there = {look.title for look, _ in drawn}
    return "; ".join(
        f"{data.look(row).title}: {row.outcome or 'no result'}"
        for row in group
        if data.look(row).title not in there
    )


def failures(data: Data, group: list[CellSummary], along: str) -> str:
    """What has no point on its line, in words."""
    told = []
    for own in by_framework(group):
        bad = [row for row in own if row.outcome not in RATED]
        for outcome in dict.fromkeys(row.outcome for row in bad):
            values = [str(getattr(row.cell, along)) for row in bad if row.outcome == outcome]
            at = "" if len(values) == len(own) else f" at {along} {', '.join(values)}"
            told.append(f"{data.look(own[0]).title}: {outcome or 'no result'}{at}")
    return "; ".join(told)


def by_framework(rows: list[CellSummary]) -> list[list[CellSummary]]:
    """Rows of each framework, in their order."""
    own: dict[str, list[CellSummary]] = {}
    for row in rows:
        own.setdefault(row.cell.framework, []).append(row)
    return list(own.values())


def most_cells(data: Data) -> int:
    """Of how many cells the lines of all frameworks fit into the panels."""
    return max(1, MOST_PANELS // max(1, ceil(len(data.looks) / MOST_LINES)))


def split_panels(panels: list[LinePanel]) -> list[LinePanel]:
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


def left_out(shown: Sized, every: Sized) -> str:
    """How many pictures are shown, if not all of them: the end of a title."""
    if len(shown) == len(every):
        return ""
    return f"; {len(shown)} of {len(every)} such pictures"


def evenly(items: list[Any], most: int) -> list[Any]:
    if len(items) <= most:
        return items
    if most == 1:
        return [items[len(items) // 2]]
    return [items[round(number * (len(items) - 1) / (most - 1))] for number in range(most)]
