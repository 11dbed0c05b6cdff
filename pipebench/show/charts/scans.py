"""Requests/s against depth and connections."""

from collections.abc import Callable
from typing import Any

from msgspec import structs

from pipebench.record.factors import FACTORS, GROUP, LOAD, Cell, FactorValue
from pipebench.rules.outcome import RATED
from pipebench.rules.rule import Outcome
from pipebench.run.cells import in_words, labels
from pipebench.run.figures import CellSummary
from pipebench.show import formats
from pipebench.show.charts.chart import (
    RATE,
    Chart,
    Data,
    at_cell,
    by_framework,
    estimate_of,
    evenly,
    failures,
    most_cells,
    split_panels,
)
from pipebench.show.charts.drawing.heat import HeatPanel, draw_heat
from pipebench.show.charts.drawing.lines import LinePanel, Point, draw_lines, point_of
from pipebench.show.charts.drawing.scales import COUNT, TIMES, logarithmic, measured
from pipebench.stats.estimate import estimate, ratios

MOST_HEAT_PANELS = 8


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
        for own in by_framework(group):
            points = [
                point
                for row in own
                if (point := point_of(getattr(row.cell, along), estimate_of(RATE, row)))
            ]
            if points:
                drawn.append((data.look(own[0]), points))
        if not drawn:
            continue
        panels.append(LinePanel(place, drawn, failures(data, group, along)))
        said.append(
            _scan_said(f"Requests per second against {along}", along, panels[-1], formats.integer)
        )
    if not panels:
        return None
    across = measured(title, [p.x for panel in panels for _, own in panel.lines for p in own])
    if across.low == across.high:
        return None
    up = logarithmic("requests/s", [value for panel in panels for value in panel.values], COUNT)
    sure = any(p.low is not None for panel in panels for _, own in panel.lines for p in own)
    return Chart(
        along,
        f"Requests per second against {along}, both axes logarithmic: medians over the rounds"
        f"{' with 95 % intervals' if sure else ''}{cut}.",
        " ".join(said),
        draw_lines(split_panels(panels), across, up),
    )


def gain(data: Data) -> Chart | None:
    """What pipelining gains: requests/s at each depth by those at depth 1 in the same round."""
    groups, cut = _panels(data, "depth")
    panels, said = [], []
    for place, group in groups:
        drawn = []
        for own in by_framework(group):
            if own[0].cell.depth != 1:
                continue
            single = RATE.by_round(data.of(own[0]))
            points = []
            for row in own:
                found = estimate(ratios(RATE.by_round(data.of(row)), single))
                point = point_of(row.cell.depth, found)
                if point and row.outcome in RATED and own[0].outcome in RATED:
                    points.append(point)
            if len(points) > 1:
                drawn.append((data.look(own[0]), points))
        if not drawn:
            continue
        deepest = max(point.x for _, points in drawn for point in points)
        guide = [Point(1, 1), Point(deepest, deepest)]
        panels.append(LinePanel(place, drawn, guide=guide, guide_label="= depth"))
        said.append(
            _scan_said(
                "Times the requests per second at depth 1", "depth", panels[-1], formats.ratio
            )
        )
    if not panels:
        return None
    across = measured("depth", [p.x for panel in panels for _, own in panel.lines for p in own])
    values = [*(value for panel in panels for value in panel.values), 1, across.high]
    up = logarithmic("times that at depth 1", values, TIMES)
    return Chart(
        "gain",
        "What pipelining gains: requests per second at each depth, as a multiple of those at "
        "depth 1 in the same round, medians over the rounds; the dotted line is as many times as "
        f"the depth{cut}.",
        " ".join(said),
        draw_lines(split_panels(panels), across, up),
    )


def _panels(data: Data, along: str) -> tuple[list[tuple[str, list[CellSummary]]], str]:
    """Panels that a person can look at: what they are headed with, and their rows by `along`.

    Only those in which it varies; of too many, some evenly between the first and the last, and in
    words how many are left out. Without the A/A control, which says nothing of its own here.
    """
    varied = [factor for factor in GROUP if factor.name == along]
    same = [factor for factor in GROUP if factor.name != along]
    whole: dict[tuple[FactorValue, ...], list[CellSummary]] = {}
    for group in data.groups([*same, *varied]):
        for row in group:
            if row.role != "control":
                place = tuple(factor.of(row.cell) for factor in same)
                whole.setdefault(place, []).append(row)
    found = [
        group for group in whole.values() if len({getattr(row.cell, along) for row in group}) > 1
    ]
    shown = evenly(found, most_cells(data))
    label = labels(group[0].cell for group in found)
    cut = (
        f"; {len(shown)} of {len(found)} such pictures are shown" if len(shown) < len(found) else ""
    )
    return [(label(group[0].cell), group) for group in shown], cut


def _scan_said(what: str, along: str, panel: LinePanel, form: Callable[[Any], str]) -> str:
    told = []
    for look, points in panel.lines:
        first, best = points[0], max(points, key=lambda point: point.y)
        begun = f"{look.title} {form(first.y)} at {along} {first.x:g}"
        most = f", the most {form(best.y)} at {along} {best.x:g}" if best is not first else ""
        told.append(begun + most)
    told += [panel.note] if panel.note else []
    return f"{what}{at_cell(panel.title)}: {'; '.join(told)}."


def heat(data: Data) -> Chart | None:
    """Depth by connections for each framework: requests/s as a share of its own best cell."""
    across = ("depth", "connections")
    candidates = []
    for group in data.groups([factor for factor in FACTORS if factor.name not in across]):
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
    label = labels(structs.replace(next(iter(rates)), depth=1, connections=1) for rates, _ in shown)
    panels, said = [], []
    for rates, group in shown:
        best, least = max(rates, key=rates.__getitem__), min(rates, key=rates.__getitem__)
        top = rates[best]
        title = data.look(group[0]).title
        place = ", ".join(word for word in (title, label(best)) if word)
        panels.append(
            HeatPanel(
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
        draw_heat(panels, "depth", "connections"),
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
    return in_words(cell, LOAD)
