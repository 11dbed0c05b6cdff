"""Which share of the answers may have been wrong although none was seen, in a sentence."""

from __future__ import annotations

from pipebench.rules.answers import UNSEEN, checked_answers, unseen_share
from pipebench.run.judge import JudgedRun


def unseen_line(judged_run: JudgedRun) -> str | None:
    """Of the cell of which the fewest answers were checked; None if no window checked them."""
    windows = [one for one in judged_run.answers if one.checked and one.checked.answers]
    if not windows:
        return None
    by_cell = judged_run.by_cell
    counts = [
        checked_answers([each.measurement for each in by_cell.get(one.cell, [])], one)
        for one in windows
    ]
    count = min(counts)
    share = unseen_share(count)
    assert share
    return (
        f"Of each cell, at least {count:,} answers were checked one by one. If one in "
        f"{1 / share:,.0f} were wrong, at random, that would be seen with {1 - UNSEEN:.0%} "
        "certainty."
    )
