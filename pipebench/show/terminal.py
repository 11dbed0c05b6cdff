"""A run on the terminal: its cells as aligned columns, and the reasons under them."""

import textwrap
from collections.abc import Sequence

from pipebench.run.cells import labels
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedRun
from pipebench.run.time_spent import controller_cpu_s
from pipebench.show.cells_table import terminal_table
from pipebench.show.table import COLUMNS


def terminal(judged_run: JudgedRun, rows: Sequence[CellSummary]) -> str:
    """The summary as an aligned table of at most 100 columns, and the reasons."""
    text = [terminal_table(rows).aligned(shrink="framework")] if rows else []
    label = labels(row.cell for row in rows)
    for row in rows:
        if row.reason:
            place = f" ({label(row.cell)})" if label(row.cell) else ""
            sentence = f"{row.cell.framework}{place}: {row.outcome or 'no result'}: {row.reason}"
            text.append(textwrap.fill(sentence, COLUMNS, subsequent_indent="  "))
    share = judged_run.measuring_share
    if share is not None:
        text.append(f"Warm-up and measuring took {share:.2f} of the measuring phase's wall time.")
    used_s = controller_cpu_s(judged_run)
    if used_s is not None:
        text.append(f"The controller used {used_s:.2f} s of CPU for each measurement.")
    return "\n".join(text)
