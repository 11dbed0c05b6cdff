"""Whether a testbed needs another round: by the precision of its raw records so far only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipebench.plan.run_plan import RunPlan
from pipebench.plan.variables import ExtendedRounds

if TYPE_CHECKING:
    from pipebench.run.precision import Decision


def decide_rounds(run: RunPlan, testbed: str, rounds: int) -> Decision | None:
    """None if no round can be saved: there are as many as planned, or too few yet.

    rounds: how many are done.
    """
    declared = run.variables.rounds
    if not isinstance(declared, ExtendedRounds) or rounds < declared.min:
        return None

    from pipebench.run.judge import judge_run  # noqa: PLC0415 (reads with numpy, which costs time)
    from pipebench.run.precision import decide  # noqa: PLC0415

    judged_run = judge_run(Path(run.results_dir))
    return decide(judged_run, testbed, rounds, declared.max, declared.until_relative_width)
