"""Which share of the answers may have been wrong although none was seen, in a sentence."""

from __future__ import annotations

from pipebench.record.factors import Cell
from pipebench.rules.answers import UNSEEN, checked_answers, unseen_share
from pipebench.run.judge import JudgedRun


def unseen_line(judged_run: JudgedRun) -> str | None:
    """Of the cell of which the fewest answers were checked; None if no window checked them."""
    windows: dict[Cell, int] = {}
    for one in judged_run.answers:
        if one.checked and one.checked.answers:
            measurements = [each.measurement for each in judged_run.by_cell.get(one.cell, [])]
            windows[one.cell] = checked_answers(measurements, [one])
    share = unseen_share(min(windows.values(), default=0))
    if share is None:
        return None
    count = min(windows.values())
    of = "that cell" if len(windows) == 1 else "each cell"
    return (
        f"Of {of}, at least {count:,} answers were checked one by one. If one in {1 / share:,.0f} "
        f"were wrong, at random, that would be seen with {1 - UNSEEN:.0%} certainty."
    )
