"""Whether a testbed needs another round: by the precision of its raw records so far only."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from pipebench.plan.run_plan import RunPlan
from pipebench.plan.variables import ExtendedRounds

if TYPE_CHECKING:
    from pipebench.frame.precision import Decision


def load_judges(run: RunPlan) -> None:
    """Import what decides, which takes a second of CPU time, before anything is measured."""
    if isinstance(run.variables.rounds, ExtendedRounds):
        import_module("pipebench.frame.precision")


def decide_rounds(run: RunPlan, testbed: str, rounds: int) -> Decision | None:
    """None if no round can be saved: there are as many as planned, or too few yet.

    rounds: how many are done.
    """
    declared = run.variables.rounds
    if not isinstance(declared, ExtendedRounds) or rounds < declared.min:
        return None

    from pipebench.frame.precision import decide  # noqa: PLC0415
    from pipebench.run.judge import judge_run  # noqa: PLC0415 (reads with numpy, which costs time)

    judged_run = judge_run(Path(run.results_dir))
    return decide(judged_run, testbed, rounds, declared.max, declared.until_relative_width)
