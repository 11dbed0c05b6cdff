"""The frameworks beside each other: requests/s, CPU time per request, and single rounds."""

from math import inf
from textwrap import shorten

from pipebench.rules.outcome import RATED
from pipebench.rules.rule import Outcome
from pipebench.run.entries import Figure
from pipebench.run.figures import CellSummary
from pipebench.show import formats
from pipebench.show.charts.bar_list import bar_list
from pipebench.show.charts.chart import (
    CPU,
    MOST_GROUPS,
    RATE,
    Chart,
    Data,
    at_cell,
    bars_said,
    dots_of,
    estimate_of,
    shown_groups,
    with_intervals,
)
from pipebench.show.charts.drawing.bars import Bar, BarPanel, draw_bars
from pipebench.show.charts.drawing.scales import COUNT, DURATION, linear, logarithmic
from pipebench.show.charts.drawing.strips import Strip, StripPanel, draw_strips
from pipebench.show.table import FORMS
from pipebench.stats.estimate import estimate

MOST_STRIPS = 32
"""About; of more frameworks there are as many, but of one cell group."""
LONGEST_WORDS = 72


def throughput(data: Data) -> Chart | None:
    """Requests/s with interval, rounds and ceiling: bars from 0, whose lengths may be compared."""
    groups, where = shown_groups(data)
    most, dots = dots_of(data, groups)
    panels = [_bars(data, group, RATE, most) for group in groups]
    values = [value for panel in panels for value in panel.values]
    if not values:
        return None
    scale = linear("requests/s", values, COUNT)
    ceiling = ", the dashed line is the ceiling server" if any(p.line for p in panels) else ""
    return Chart(
        "throughput",
        f"Requests per second{where}: the bars are medians over the rounds"
        f"{with_intervals(panels)}, the dots under them are {dots}{ceiling}.",
        bars_said("Requests per second", panels),
        draw_bars(panels, scale),
        bar_list(
            f"Requests per second{where}: medians over the rounds{with_intervals(panels)}.", panels
        ),
    )


def cpu(data: Data) -> Chart | None:
    """CPU time per request, the same way; logarithmic, for it is the little ones that matter."""
    groups, where = shown_groups(data)
    most, dots = dots_of(data, groups)
    panels = [_bars(data, group, CPU, most) for group in groups]
    values = [value for panel in panels for value in panel.values]
    if not values or min(values) <= 0:
        return None
    scale = logarithmic("server CPU time per request", values, DURATION)
    return Chart(
        "cpu",
        f"Server CPU time per request{where}, less is better, on a logarithmic axis: the symbols "
        f"are medians over the rounds{with_intervals(panels)}, the dots under them are {dots}.",
        bars_said("Server CPU time per request", panels),
        draw_bars(panels, scale),
        bar_list(
            f"Server CPU time per request{where}, less is better: "
            f"medians over the rounds{with_intervals(panels)}.",
            panels,
        ),
    )


def _bars(data: Data, group: list[CellSummary], figure: Figure, most: int) -> BarPanel:
    """The panel of one cell group, the best first and what has no figure last."""
    made: list[Bar] = []
    line: tuple[float, str] | None = None
    form = FORMS[figure.form]
    for row in group:
        found = estimate_of(figure, row)
        if found.value is not None and row.role == "ceiling":
            line = (found.value, f"{data.look(row).title} {form(found.value)}")
            continue
        words = _outcome(row)
        if found.value is not None:
            words = form(found.value)
            if found.low is not None:
                words += f" ({form(found.low)} to {form(found.high)})"
            if row.outcome != Outcome.OK:
                words += f" {row.outcome}"
        dots = list(figure.by_round(data.of(row)).values())[:most] if found.value else []
        made.append(Bar(data.look(row), found, dots, words))
    sign = 1 if figure is CPU else -1
    made.sort(key=lambda bar: inf if bar.figure.value is None else sign * bar.figure.value)
    return BarPanel(data.label(group[0].cell), made, line)


def _outcome(row: CellSummary) -> str:
    """What stands in place of a figure: the outcome, and the first thing said of it."""
    if row.outcome in RATED:
        return "not measured"
    said = str(row.reason or "").split(";")[0]
    return shorten(f"{row.outcome or 'no result'}: {said}", LONGEST_WORDS, placeholder=" ...")


def rounds(data: Data) -> Chart | None:
    """Every round's rate by its framework's median, in the order in which they were made."""
    fitting = max(1, MOST_STRIPS // max(1, len(data.looks)))
    groups, where = shown_groups(data, min(MOST_GROUPS, fitting))
    most, _ = dots_of(data, groups)
    count = max(
        (m.measurement.round for group in groups for row in group for m in data.of(row)), default=0
    )
    panels = [
        StripPanel(
            data.label(group[0].cell), [_strip(data, row, most) for row in group if data.of(row)]
        )
        for group in groups
    ]
    panels = [panel for panel in panels if panel.strips]
    if not panels:
        return None
    said = " ".join(
        f"Rounds{at_cell(panel.title)}: "
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
        draw_strips(panels, min(count, most)),
    )


def _strip(data: Data, row: CellSummary, most: int) -> Strip:
    seen = [m for m in data.of(row) if m.judgement.outcome != Outcome.INVALID]
    rates = RATE.by_round(seen)
    middle = estimate(list(rates.values())).value
    bad = [m.measurement.round for m in seen if m.judgement.outcome not in RATED]
    points = [(n, value / middle) for n, value in sorted(rates.items())] if middle else []
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
