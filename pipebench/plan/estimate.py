"""How long a run takes: by its plan before it begins, and by its own pace while it goes on.

Times are in s. `run` is the fact `bench_run` (docs/architecture.md). Testbeds are measured at the
same time, so their number changes nothing. The constants were measured in the lab.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

# What an execution takes beside its warm-up and its window: start, pause, stop, record.
OVERHEAD_S = 1.2
PROBE_S = 1.5
BASELINE_S = 7
# Fetching the journals, and the report.
CLOSING_S = 3


def measurements(run: Mapping[str, Any]) -> int:
    """How many there are on each testbed; where rounds are extended, at most."""
    return sum(map(len, run["rounds"]))


def _execution_s(run: Mapping[str, Any]) -> float:
    variables = run["variables"]
    return float(variables["bench_warmup"] + variables["bench_duration"] + OVERHEAD_S)


def _turn_s(run: Mapping[str, Any]) -> float:
    """One cell in one round: an execution of every tool."""
    return _execution_s(run) * len(run["variables"]["bench_tools"])


def _after_rounds_s(run: Mapping[str, Any]) -> float:
    """What follows the last round: each cell once at a constant rate, if asked for; the report."""
    constant = len(run["rounds"][0]) if run["variables"]["bench_rate_share"] else 0
    return _execution_s(run) * constant + CLOSING_S


def estimate_s(run: Mapping[str, Any]) -> float:
    """The whole run, from its beginning (after provisioning) to its report."""
    variables = run["variables"]
    probed = [
        name
        for name, framework in run["frameworks"].items()
        if framework["role"] == "framework" and "control_of" not in framework
    ]
    return float(
        (BASELINE_S if variables["bench_baseline"] else 0)
        + (PROBE_S * len(probed) * len(variables["bench_workers"]) * variables["bench_probe"])
        + _turn_s(run) * measurements(run)
        + _after_rounds_s(run)
    )


def left_s(run: Mapping[str, Any], done: int, elapsed: float) -> float:
    """What is left of a run when `done` measurements of a testbed took `elapsed`.

    The plan's own estimate counts as much as one round: the pace of a few measurements, of which
    some may have failed at once, says little.
    """
    cells = len(run["rounds"][0])
    pace = (elapsed + _turn_s(run) * cells) / (done + cells)
    return pace * (measurements(run) - done) + _after_rounds_s(run)


def extended(run: Mapping[str, Any]) -> bool:
    """Whether precision may end the rounds before the last."""
    return isinstance(run["variables"]["bench_rounds"], Mapping)


def duration_text(seconds: float) -> str:
    """Seconds as people say them: `45 s`, `6 min`, `2 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"


def left_text(seconds: float) -> str:
    """Seconds as a clock shows them: `0:45 left`, `2:05:10 left`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} left" if hours else f"{minutes}:{rest:02} left"


def until_text(seconds: float, now: float) -> str:
    """When it will be over, by the clock here; with the day where that is another."""
    begun, over = time.localtime(now), time.localtime(now + seconds)
    return time.strftime("%H:%M" if begun[:3] == over[:3] else "%a %H:%M", over)


def plan_text(run: Mapping[str, Any]) -> str:
    """What will be measured and how long that takes: `48 measurements: 8 cells x 6 rounds; ...`."""
    rounds = run["variables"]["bench_rounds"]
    most = "at most " if extended(run) else ""
    times = f"{rounds['min']} to {rounds['max']}" if extended(run) else rounds
    testbeds = len(run["testbeds"])
    return (
        f"{most}{measurements(run)} measurements"
        f"{f' on each of {testbeds} testbeds' if testbeds > 1 else ''}: "
        f"{len(run['rounds'][0])} cells x {times} {'round' if times == 1 else 'rounds'}; "
        f"{most}about {duration_text(estimate_s(run))}"
    )
