"""What a report says first: who is the fastest and how surely, what failed, what limited it."""

from collections import defaultdict
from dataclasses import dataclass, field

from pipebench.rules.outcome import Outcome
from pipebench.run.cells import CellGroup, cell_group, labels
from pipebench.run.figures import CellSummary

NEAR_CEILING = 0.9


@dataclass(slots=True)
class Headline:
    """Who is the fastest of one cell group, and how surely; and who takes the least CPU time.

    fastest: None where no framework of the group is ok. second: the next of those that are.
    tied: those that cannot be told from the fastest. unsure: why nothing is claimed, or empty.
    The same of the CPU time per request: cheapest, dearer (the next), cheap (tied with it).
    near_ceiling: rows that did nearly what generator and path can do at all.
    again: the A/A control, where it was measured.
    """

    label: str
    fastest: CellSummary | None
    second: CellSummary | None = None
    tied: list[CellSummary] = field(default_factory=list)
    unsure: str = ""
    cheapest: CellSummary | None = None
    dearer: CellSummary | None = None
    cheap: list[CellSummary] = field(default_factory=list)
    near_ceiling: list[CellSummary] = field(default_factory=list)
    again: CellSummary | None = None


def headlines_of(rows: list[CellSummary]) -> list[Headline]:
    """One headline a cell group, in the order of the rows."""
    groups: dict[CellGroup, list[CellSummary]] = defaultdict(list)
    for row in rows:
        groups[cell_group(row.cell)].append(row)
    label = labels(row.cell for row in rows)
    return [_headline(label(group[0].cell), group) for group in groups.values()]


def _headline(label: str, group: list[CellSummary]) -> Headline:
    ranked = [row for row in group if row.role == "framework"]
    ok = [row for row in ranked if row.outcome == Outcome.OK]
    headline = Headline(
        label,
        fastest=ok[0] if ok else None,
        near_ceiling=[row for row in ranked if near_ceiling(row)],
        again=next((row for row in group if row.role == "control"), None),
    )
    others = [row for row in ok[1:] if row.requests_per_s.relative.value is not None]
    if ok and others:
        headline.second = others[0]
        headline.tied = [row for row in others if row.requests_per_s.verdict == "tied"]
        headline.unsure = _unsure(ok)
    relative = {
        row.cell: value
        for row in ok
        if (value := row.server_cpu_us_per_request.relative.value) is not None
    }
    costed = sorted((row for row in ok if row.cell in relative), key=lambda row: relative[row.cell])
    if len(costed) > 1 and costed[0].server_cpu_us_per_request.rank == 1:
        headline.cheapest, headline.dearer = costed[0], costed[1]
        headline.cheap = [
            row for row in costed[1:] if row.server_cpu_us_per_request.verdict == "tied"
        ]
    return headline


def _unsure(ok: list[CellSummary]) -> str:
    """Why nobody is called faster, or nothing."""
    if any(row.requests_per_s.low is None for row in ok):
        return "Fewer than 6 rounds: no interval and no rank"
    if ok[0].requests_per_s.noise_floor is None:
        return (
            "There is no A/A control, so no noise floor and no rank: the interval alone does not "
            "tell a difference from noise"
        )
    if any(row.requests_per_s.rank is None for row in ok):
        return "Fewer than 6 rounds in common: no rank"
    return ""


def near_ceiling(row: CellSummary) -> bool:
    """Whether what was measured is the generator or the path, and not the framework."""
    share = row.share_of_ceiling
    return row.role != "ceiling" and share is not None and share >= NEAR_CEILING


@dataclass(slots=True)
class Trouble:
    """A framework's outcome that is not ok: the first such cell, and in how many it is so."""

    row: CellSummary
    cells: int = 0


def troubles(rows: list[CellSummary]) -> list[Trouble]:
    """One a framework and outcome, the failed first."""
    by_outcome: dict[tuple[str, Outcome | None], Trouble] = {}
    for row in rows:
        if row.outcome != Outcome.OK:
            key = (row.cell.framework, row.outcome)
            by_outcome.setdefault(key, Trouble(row)).cells += 1
    order = [Outcome.FAILED, Outcome.UNAVAILABLE, Outcome.DEGRADED, None]
    return sorted(by_outcome.values(), key=lambda trouble: order.index(trouble.row.outcome))


def limits_of(rows: list[CellSummary]) -> dict[str, list[str]]:
    """Titles by what limited them; a framework limited differently by cell is under each."""
    limits: dict[str, list[str]] = {}
    for row in rows:
        if row.limited_by:
            titles = limits.setdefault(row.limited_by.value, [])
            if row.title not in titles:
                titles.append(row.title)
    return limits
