"""A cross-check: the record of another load tool on the same cell, and its line."""

from __future__ import annotations

from pipebench.harness import measurement
from pipebench.harness.execution import Execution, Recorded
from pipebench.record.store import crosscheck_file


def recorded(execution: Execution, now: float) -> Recorded:
    """place: cell, tool, position, and either round, or rate (requests/s, or null)."""
    record = measurement.record_of(execution, now)
    file = crosscheck_file(record)
    totals = None if record.harness_fault else measurement.totals_of(record, file)
    result = measurement.result_text(record, totals)
    wanted = f" of {record.rate:,.0f} wanted" if totals and record.rate else ""
    when = f"round {record.round}" if record.round else "constant rate"
    return Recorded(
        file=file,
        document=record,
        fault=record.harness_fault,
        line=f"  {record.tool}, {when}{execution.where}  {record.framework:<18} "
        f"depth {record.depth}, {record.connections} connections: {result}{wanted}",
        trouble=totals is None,
        passing=totals is not None,
    )
