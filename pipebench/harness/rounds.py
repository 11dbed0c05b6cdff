"""Whether a testbed needs another round, from the raw records so far: by precision only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipebench.plan.run_plan import RunPlan
from pipebench.plan.variables import ExtendedRounds


def rounds_enough(run: RunPlan, testbed: str, rounds: int) -> dict[str, Any]:
    """`enough`: `{rounds, reason}` once they are, else empty; `progress`: a line, if any.

    rounds: how many are done.
    """
    declared = run.variables.rounds
    if not isinstance(declared, ExtendedRounds) or rounds < declared.min:
        return {"enough": {}}

    from pipebench.run.judge import judge_run  # noqa: PLC0415 (reads with numpy, which costs time)
    from pipebench.run.precision import precision  # noqa: PLC0415

    so_far = precision(judge_run(Path(run.results_dir)), testbed, declared.until_relative_width)
    where = f" on {testbed}" if len(run.testbeds) > 1 else ""
    last = rounds >= declared.max
    if so_far.enough:
        following = "enough"
    else:
        following = f"no more than {rounds} rounds were declared" if last else "another round"
    enough: dict[str, Any] = {}
    if so_far.enough or last:
        most = "" if so_far.enough else "as many as were declared; "
        enough = {"rounds": rounds, "reason": most + so_far.reason}
    return {
        "enough": enough,
        "progress": f"After round {rounds}{where}: {so_far.reason}: {following}",
    }
