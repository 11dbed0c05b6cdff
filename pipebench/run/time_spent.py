"""Where the time of the measuring phase went, besides warm-up and window; the controller's CPU."""

from collections.abc import Iterable, Iterator, Mapping
from statistics import fmean
from typing import Any

from pipebench.measure.measurement import Measurement
from pipebench.run.judge import JudgedRun

BETWEEN = "between two records"
READY = "until the server answered"
LOADED = "until the load began"
PAUSE = "of pause before the window"
LONGER = "of the load tool beyond its time"
AFTER = "from the window's end to the record"
PARTS = (BETWEEN, READY, LOADED, PAUSE, LONGER, AFTER)

# What one measurement took of each part, s.
Spent = dict[str, float]


def time_spent(judged_run: JudgedRun) -> Spent:
    """Mean seconds a measurement, by part; empty if nothing is known.

    Left out are measurements without a window, and those of which a part is negative: the clocks
    of their hosts differ by more than it took.
    """
    run = judged_run.run
    begun = run.measuring_started.timestamp() if run.measuring_started else None
    measured = (judged.measurement for judged in judged_run.measurements)
    every = [*measured, *judged_run.answers, *judged_run.checks]
    planned_s = _planned_s(run.variables)
    spent = [_spent(before, one, planned_s) for before, one in _in_order(every, begun)]
    known = [one for one in spent if one and min(one.values()) >= 0]
    return {
        name: fmean(one[name] for one in known if name in one)
        for name in PARTS
        if any(name in one for one in known)
    }


def controller_cpu_s(judged_run: JudgedRun) -> float | None:
    """CPU time of the controller for each measurement, s; None: not known."""
    used_s = sum(judged_run.run.controller_cpu_s.values())
    others = len(judged_run.answers) + len(judged_run.checks)
    count = len(judged_run.measurements) + others
    return used_s / count if used_s and count else None


def _planned_s(variables: Mapping[str, Any]) -> float | None:
    try:
        return float(variables["bench_warmup"]) + float(variables["bench_duration"])
    except (KeyError, TypeError, ValueError):
        return None


def _in_order(
    measurements: Iterable[Measurement], begun: float | None
) -> Iterator[tuple[float | None, Measurement]]:
    """Each with the end of the one before it on its testbed, or when the phase began."""
    before: dict[str, float | None] = {}
    for one in sorted(measurements, key=lambda one: one.moments.ended or 0):
        testbed = one.cell.testbed
        yield before.get(testbed, begun), one
        before[testbed] = one.moments.ended


def _spent(before: float | None, measurement: Measurement, planned_s: float | None) -> Spent:
    """What is known of one measurement; nothing if it has no window."""
    at = measurement.moments
    if at.opened is None:
        return {}
    spans = (
        (BETWEEN, before, at.started),
        (READY, at.started, at.ready),
        (LOADED, at.ready, at.loaded),
        (PAUSE, at.warmed, at.opened),
        (AFTER, at.closed, at.ended),
    )
    spent = {
        name: until - since
        for name, since, until in spans
        if since is not None and until is not None
    }
    if planned_s is not None:
        spent[LONGER] = max(0.0, measurement.warmup_s + measurement.measured_s - planned_s)
    return spent
