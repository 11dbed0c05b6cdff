"""The duration of a run: by its plan before it begins, and by its own pace later.

Times are in s. Testbeds are measured at the same time, so their number changes next to nothing.
The constants were measured in the lab.
"""

from __future__ import annotations

import time

from pipebench.plan.run_plan import RunPlan
from pipebench.plan.schedule import least_rounds, servers_of
from pipebench.plan.variables import ExtendedRounds

# Of an execution, besides its warm-up and its window: start, pause, stop, record.
OVERHEAD_S = 1.2
PROBE_S = 1.5
PATH_CAPACITY_S = 7
# Fetching the journals, and the report.
CLOSING_S = 3


def measurements(run: RunPlan) -> int:
    """How many there are on each testbed; at most so many if rounds are extended."""
    return sum(map(len, run.rounds))


def _execution_s(run: RunPlan) -> float:
    return run.variables.warmup + run.variables.duration + OVERHEAD_S


def begins_after_s(run: RunPlan, testbed: str) -> float:
    """So long a testbed waits before its first measurement: they begin within the time of one.

    Otherwise all of them start their servers at the same moments, in every measurement, and their
    calls reach the controller (and in the lab each other's CPU) all at once.
    """
    place = [one.name for one in run.testbeds].index(testbed)
    return place / len(run.testbeds) * _execution_s(run)


def _turn_s(run: RunPlan) -> float:
    """One cell in one round: an execution of every tool, and a share of the one that checks."""
    variables = run.variables
    checks = 1 / least_rounds(variables.rounds) if variables.check_answers else 0
    return _execution_s(run) * (len(variables.tools) + checks)


def _after_rounds_s(run: RunPlan) -> float:
    """After the last round: each cell once at a constant rate, if the plan has it; the report."""
    constant = run.cells if run.variables.rate_share else 0
    return _execution_s(run) * constant + CLOSING_S


def _probes_s(run: RunPlan) -> float:
    names = [name for name, framework in run.frameworks.items() if framework.is_ranked]
    return PROBE_S * len(servers_of(names, run.variables)) if run.variables.probe else 0


def estimate_s(run: RunPlan, done: int | None = None) -> float:
    """The whole run, from its beginning (after provisioning) to its report.

    done: measurements of a run that goes on, whose path and frameworks were looked at before.
    """
    before = (PATH_CAPACITY_S if run.variables.path_capacity else 0) + _probes_s(run)
    return (
        (before if done is None else 0)
        + begins_after_s(run, run.testbeds[-1].name)
        + _turn_s(run) * (measurements(run) - (done or 0))
        + _after_rounds_s(run)
    )


def left_s(run: RunPlan, done: int, elapsed: float, count: int | None = None) -> float:
    """The rest of a run after `done` measurements of a testbed in `elapsed`.

    count: how many measurements there are in this part of the run; None means all.

    The plan's own estimate has the weight of one round: the pace of a few measurements, of which
    some may have failed at once, says little.
    """
    cells = run.cells
    pace = (elapsed + _turn_s(run) * cells) / (done + cells)
    count = measurements(run) if count is None else count
    return pace * (count - done) + _after_rounds_s(run)


def extended(run: RunPlan) -> bool:
    """Whether precision may end the rounds before the last."""
    return isinstance(run.variables.rounds, ExtendedRounds)


def duration_text(seconds: float) -> str:
    """Seconds for people: `45 s`, `6 min`, `2 h 05 min`."""
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
    """When it will be over, by the clock here; with the day if that is not today."""
    begun, over = time.localtime(now), time.localtime(now + seconds)
    return time.strftime("%H:%M" if begun[:3] == over[:3] else "%a %H:%M", over)


def plan_text(run: RunPlan) -> str:
    """The size and the duration of a plan: `48 measurements: 8 cells x 6 rounds; ...`."""
    most = "at most " if extended(run) else ""
    testbeds = len(run.testbeds)
    if not run.rounds:
        return f"no measurements; about {duration_text(estimate_s(run))}"
    return (
        f"{most}{measurements(run)} measurements"
        f"{f' on each of {testbeds} testbeds' if testbeds > 1 else ''}: "
        f"{run.cells} cells x {_rounds_text(run.variables.rounds)}; "
        f"{most}about {duration_text(estimate_s(run))}"
    )


def _rounds_text(rounds: int | ExtendedRounds) -> str:
    if isinstance(rounds, ExtendedRounds):
        return f"{rounds.min} to {rounds.max} rounds"
    return f"{rounds} {'round' if rounds == 1 else 'rounds'}"
