"""A run on the terminal: its cells as aligned columns, and the reasons under them."""

import textwrap

from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedRun
from pipebench.run.relations import CELL_GROUP, labels, several
from pipebench.show import formats

COLUMNS = 100


def terminal(judged_run: JudgedRun, rows: list[CellSummary]) -> str:
    """The summary as an aligned table of at most 100 columns, and what stands behind it."""
    keys = several(row.cell for row in rows)
    heads = [
        *(("testbed", "workers", "depth", "conns")[CELL_GROUP.index(key)] for key in keys),
        *("framework", "outcome", "rank", "req/s", "relative", "p50", "p99", "CPU/req"),
        "limited by",
    ]
    lines = [
        [
            *(str(getattr(row.cell, key)) for key in keys),
            row.cell.framework,
            row.outcome or "no result",
            formats.integer(row.requests_per_s.rank) if row.role == "framework" else row.role,
            formats.integer(row.requests_per_s.value),
            formats.ratio(row.requests_per_s.relative.value),
            formats.us(row.batch_latency_p50_us.value),
            formats.us(row.batch_latency_p99_us.value),
            formats.us(row.server_cpu_us_per_request.value),
            row.limited_by or formats.MISSING,
        ]
        for row in rows
    ]
    left = {*range(len(keys)), len(keys), len(keys) + 1, len(heads) - 1}
    text = [aligned([heads, *lines], left, shrink=len(keys))] if rows else []
    label = labels(row.cell for row in rows)
    for row in rows:
        if row.reason:
            where = f" ({label(row.cell)})" if keys else ""
            told = f"{row.cell.framework}{where}: {row.outcome or 'no result'}: {row.reason}"
            text.append(textwrap.fill(told, COLUMNS, subsequent_indent="  "))
    share = judged_run.measuring_share
    if share is not None:
        text.append(f"Warm-up and measuring took {share:.2f} of the measuring phase's wall time.")
    return "\n".join(text)


def aligned(lines: list[list[str]], left: set[int], shrink: int) -> str:
    """Columns under each other; the one named by `shrink` gives way where the line is too long."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    over = sum(widths) + 2 * (len(widths) - 1) - COLUMNS
    widths[shrink] = max(12, widths[shrink] - max(0, over))
    return "\n".join(
        "  ".join(
            _cut(cell, width).ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else f"{cell[: width - 2]}.."
