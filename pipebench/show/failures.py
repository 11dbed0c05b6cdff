"""Failed frameworks and a verb for the broken rule; the reason with its figures is elsewhere."""

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import NamedTuple

from pipebench.record.factors import Cell
from pipebench.rules.outcome import Context, rule
from pipebench.rules.rule import Outcome, Rule, Verb
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedMeasurement, JudgedRun
from pipebench.show import formats

UNKNOWN = Verb("shows a fault", "show a fault")
FAILED = (Outcome.FAILED, Outcome.UNAVAILABLE)


class Trouble(NamedTuple):
    """The fault of a cell. rounds: in how many of them, if not in all."""

    outcome: Outcome | None
    rule: Rule[Context] | None
    rounds: str


def failures(
    judged_run: JudgedRun, rows: list[CellSummary], label: Callable[[Cell], str]
) -> list[str]:
    """A clause for each fault, with the frameworks that have it; failures first.

    rows: all cells. label: names a cell by its group.
    """
    by_cell = judged_run.by_cell
    cells: dict[tuple[str, Trouble], list[CellSummary]] = defaultdict(list)
    for row in rows:
        if row.outcome != Outcome.OK:
            cells[row.cell.framework, _trouble(row, by_cell[row.cell])].append(row)
    measured = Counter(row.cell.framework for row in rows)
    titles: dict[tuple[Trouble, str], list[str]] = defaultdict(list)
    for (name, trouble), faulty in cells.items():
        titles[trouble, _where(faulty, measured[name], label)].append(faulty[0].title)
    order = [Outcome.FAILED, Outcome.UNAVAILABLE, Outcome.DEGRADED, None]
    clauses = sorted(titles.items(), key=lambda item: order.index(item[0][0].outcome))
    return [f"{_clause(trouble, names)}{where}" for (trouble, where), names in clauses]


def _trouble(row: CellSummary, measurements: list[JudgedMeasurement]) -> Trouble:
    judgements = [one.judgement for one in measurements]
    valid = [one for one in judgements if one.outcome != Outcome.INVALID]
    worst = [one for one in valid if one.outcome == row.outcome]
    commonest = Counter(one.rules for one in worst).most_common(1)
    rules = commonest[0][0] if commonest else ()
    rounds = f" in {len(worst)} of {len(valid)} rounds" if 0 < len(worst) < len(valid) else ""
    return Trouble(row.outcome, rule.headline(rules), rounds)


def _where(faulty: list[CellSummary], measured: int, label: Callable[[Cell], str]) -> str:
    if measured == 1:
        return ""
    if len(faulty) == measured:
        return f" in all {measured} cells"
    if len(faulty) == 1:
        return f" at {formats.text(label(faulty[0].cell))}"
    return f" in {len(faulty)} of {measured} cells"


def _clause(trouble: Trouble, titles: list[str]) -> str:
    """`**a** and **b** crash in 2 of 6 rounds`."""
    names = formats.listed([f"**{formats.text(title)}**" for title in titles])
    one = len(titles) == 1
    if trouble.outcome is None:
        return f"{names} {'has' if one else 'have'} no result"
    words = (trouble.rule.verb if trouble.rule else None) or UNKNOWN
    verb = words.one if one else words.several
    if trouble.outcome in FAILED:
        return f"{names} {verb}{trouble.rounds}"
    return f"{names} {'is' if one else 'are'} degraded ({verb}{trouble.rounds})"
