"""A run on the terminal: its cells as aligned columns, and the reasons under them."""

import textwrap
from collections.abc import Iterator, Sequence

from pipebench.run.cells import labels
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedRun
from pipebench.run.time_spent import controller_cpu_s
from pipebench.show.cells_table import terminal_table
from pipebench.show.table import COLUMNS

MOST_REASONS = 3
"""Rows of a framework that are not ok, whose own reasons are said."""


def terminal(judged_run: JudgedRun, rows: Sequence[CellSummary]) -> str:
    """The summary as an aligned table of at most 100 columns, and the reasons."""
    text = [terminal_table(rows).aligned(shrink="framework")] if rows else []
    same: dict[str, list[str]] = {}
    for who, reason in _reasons(rows):
        same.setdefault(reason, []).append(who)
    text += [
        textwrap.fill(f"{', '.join(names)}: {reason}", COLUMNS, subsequent_indent="  ")
        for reason, names in same.items()
    ]
    share = judged_run.measuring_share
    if share is not None:
        text.append(f"Warm-up and measuring took {share:.2f} of the measuring phase's wall time.")
    used_s = controller_cpu_s(judged_run)
    if used_s is not None:
        text.append(f"The controller used {used_s:.2f} s of CPU for each measurement.")
    return "\n".join(text)


def _reasons(rows: Sequence[CellSummary]) -> Iterator[tuple[str, str]]:
    """Which rows are not ok, and why; if many of a framework are not, that of the first."""
    label = labels(row.cell for row in rows)
    same: dict[tuple[str, str], list[CellSummary]] = {}
    for row in rows:
        if row.reason:
            same.setdefault((row.cell.framework, row.outcome or "no result"), []).append(row)
    for (name, outcome), own in same.items():
        several = len(own) > MOST_REASONS
        for row in own[:1] if several else own:
            place = f" ({label(row.cell)})" if label(row.cell) else ""
            rows_words = f", {len(own)} rows, the first" if several else ""
            yield f"{name}{rows_words}{place}", f"{outcome}: {row.reason}"
