"""The constant rate of each cell: a share of the rate that was measured in this run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from pipebench.measure.measurement import Measurement, read_measurement
from pipebench.plan.run_plan import RunPlan
from pipebench.record.factors import Cell, PlannedCell
from pipebench.record.store import RAW, files


def constant_rates(run: RunPlan, testbed: str) -> list[tuple[PlannedCell, float | None]]:
    """Each cell of the last round with its rate, requests/s; None if there were no answers.

    The rate is the share of the median over the rounds so far, by the load tool's own counts.
    """
    rates = measured_rates(Path(run.results_dir), run.run_id, testbed)
    share = run.variables.rate_share or 0
    return [(cell, share_of(rates[cell.on(testbed)], share)) for cell in run.rounds[-1]]


def share_of(rates: Iterable[float], share: float) -> float | None:
    values = list(rates)
    return median(values) * share if values else None


def measured_rates(folder: Path, run_id: str, testbed: str) -> defaultdict[Cell, list[float]]:
    """Requests/s of all load generators together, in every raw record of a testbed."""
    rates: defaultdict[Cell, list[float]] = defaultdict(list)
    for file in files(folder, RAW):
        measured = read_measurement(folder, file, run_id)
        if isinstance(measured, Measurement) and measured.cell.testbed == testbed:
            totals = measured.totals
            if totals and totals.requests:
                rates[measured.cell].append(totals.requests_per_s)
    return rates
