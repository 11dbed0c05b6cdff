"""Memory of a server that grows through all of a window, in a sentence."""

from __future__ import annotations

from itertools import pairwise

from pipebench.measure.measurement import Measurement

# Growth that filling caches cannot explain: by this much, by this share, and in every quarter.
GROWTH_LEAST_BYTES = 16 * 2**20
GROWTH_SHARE = 0.25
STEADY = 0.4
MIB = 2**20


def memory_growth(measurement: Measurement) -> str | None:
    """How it grew, if it grew by much and in every quarter of the window."""
    totals, levels = measurement.totals, measurement.memory_bytes
    if totals is None or not totals.requests or not levels:
        return None
    growth = levels[-1] - levels[0]
    steps = [after - before for before, after in pairwise(levels)]
    if growth < max(GROWTH_LEAST_BYTES, GROWTH_SHARE * levels[0]):
        return None
    if min(steps) < STEADY * growth / len(steps):
        return None
    return (
        f"its memory grew all the time, from {levels[0] / MIB:,.0f} to {levels[-1] / MIB:,.0f} MiB "
        f"in {totals.duration_s:.1f} s, {growth / totals.requests:,.0f} bytes a request"
    )
