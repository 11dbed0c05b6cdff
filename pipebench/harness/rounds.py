"""Whether a testbed needs another round: by the precision of its raw records so far only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipebench.plan.run_plan import RunPlan
from pipebench.plan.variables import ExtendedRounds


def rounds_enough(run: RunPlan, testbed: str, rounds: int) -> dict[str, Any]:
    """`enough`: `{rounds, reason}` if no further round is needed, otherwise empty.

    `progress`: a line, if any. rounds: how many are done.
    """
    declared = run.variables.rounds
    if not isinstance(declared, ExtendedRounds) or rounds < declared.min:
        return {"enough": {}}

    from pipebench.run.judge import judge_run  # noqa: PLC0415 (reads with numpy, which costs time)
    from pipebench.run.precision import decide  # noqa: PLC0415

    judged_run = judge_run(Path(run.results_dir))
    decision = decide(judged_run, testbed, rounds, declared.max, declared.until_relative_width)
    enough = {"rounds": rounds, "reason": decision.reason} if decision.reason else {}
    return {"enough": enough, "progress": decision.progress}
