"""Testbeds beside each other: what they cost, and kinds of machines."""

from pipebench.compare.machine_columns import verdict_words
from pipebench.compare.machines import ALL, MachineRow
from pipebench.record.factors import PLACE, Cell, order, place_of
from pipebench.run.cells import labels
from pipebench.run.figures import CellSummary
from pipebench.show import formats
from pipebench.show.charts.bar_list import bar_list
from pipebench.show.charts.chart import (
    MOST_GROUPS,
    MOST_PANELS,
    RATE,
    Chart,
    Data,
    at_cell,
    bars_said,
    by_framework,
    estimate_of,
    evenly,
    failures,
    left_out,
    with_intervals,
)
from pipebench.show.charts.drawing.bars import Bar, BarPanel, draw_bars
from pipebench.show.charts.drawing.lines import LinePanel, draw_lines, point_of
from pipebench.show.charts.drawing.scales import COUNT, TIMES, linear, logarithmic
from pipebench.show.charts.drawing.style import look
from pipebench.show.machines import together
from pipebench.show.table import interval_of


def price(data: Data) -> Chart | None:
    """Requests/s against what an hour of the server's host costs, a point a testbed.

    None without prices, or where they are in several currencies.
    """
    prices = {row.cell: row.price for row in data.rows if row.role == "framework" and row.price}
    units = {price.currency for price in prices.values()}
    if len(units) != 1:
        return None
    groups: dict[Cell, list[CellSummary]] = {}
    priced = sorted(
        (row for row in data.rows if row.cell in prices),
        key=lambda row: (order(row.cell, PLACE), prices[row.cell].per_hour),
    )
    for row in priced:
        groups.setdefault(place_of(row.cell), []).append(row)
    shown = evenly(list(groups.values()), MOST_PANELS)
    label = labels(group[0].cell for group in groups.values())
    unit = units.pop()
    panels, said = [], []
    for group in shown:
        drawn = []
        for own in by_framework(group):
            points = [
                point
                for row in own
                if (point := point_of(prices[row.cell].per_hour, estimate_of(RATE, row)))
            ]
            if points:
                drawn.append((data.look(own[0]), points))
        if drawn:
            panels.append(LinePanel(label(group[0].cell), drawn, failures(data, group, "testbed")))
            said.append(_price_said(panels[-1], unit))
    if not panels:
        return None
    across = linear(
        f"price of the server's host, {unit} an hour",
        [p.x for panel in panels for _, own in panel.lines for p in own],
        TIMES,
    )
    up = logarithmic("requests/s", [value for panel in panels for value in panel.values], COUNT)
    cut = left_out(shown, groups)
    return Chart(
        "price",
        f"Requests per second, logarithmic, against the price of the server's host, a point a "
        f"testbed: medians over the rounds with their intervals{cut}.",
        " ".join(said),
        draw_lines(panels, across, up),
    )


def _price_said(panel: LinePanel, unit: str) -> str:
    told = "; ".join(
        f"{look.title} "
        + ", ".join(f"{formats.integer(point.y)} for {point.x:g}" for point in points)
        for look, points in panel.lines
    )
    return f"Requests per second for {unit} an hour{at_cell(panel.title)}: {told}."


def machines(data: Data) -> Chart | None:
    """The ratio of each kind of machine to the base, with its interval: a forest plot."""
    if data.machines is None:
        return None
    compared = data.machines
    base, label = compared.base.name, labels(compared.places)
    panels = []
    for place in compared.places[:MOST_GROUPS]:
        own = [row for row in together(compared, place) if row.requests_per_s.ratio.value]
        bars = [
            _machine_bar(number, row, data) for number, row in enumerate(own) if not row.is_base
        ]
        if bars:
            panels.append(BarPanel(label(place), bars, (1.0, f"{base} 1")))
    if not panels:
        return None
    scale = logarithmic(
        "ratio of requests/s", [value for panel in panels for value in panel.values], TIMES
    )
    sure = with_intervals(panels)
    return Chart(
        "machines",
        f"Requests per second relative to {base}, all frameworks together, on a logarithmic axis: "
        f"the symbols are ratios{sure}, the dots under them are single frameworks.",
        bars_said(f"Requests per second relative to {base}", panels),
        draw_bars(panels, scale),
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
    return Bar(look(number, row.kind.name), ratio, [value for value in each if value], words)
