"""Say whether a testbed needs another round, from the raw records so far: by precision only.

Arguments: `run`, the fact `bench_run`; `testbed`, its name; `taken`, rounds done. Returns `taken`
of the run's rounds as they stand: `{rounds, reason}` once they are enough, else nothing; and, where
rounds are extended at all, a line for the reader. Runs on the controller, in this process.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """The action `rounds_enough`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"run", "testbed", "taken"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = super().run(tmp, task_vars)
        run, testbed = self._task.args["run"], self._task.args["testbed"]
        taken = int(self._task.args["taken"])
        declared = run["variables"]["bench_rounds"]
        answer["enough"] = {}
        if not isinstance(declared, dict) or taken < declared["min"]:
            return answer

        from pipebench.run.judge import judge_run  # noqa: PLC0415 (numpy: only if need be)
        from pipebench.run.precision import decide  # noqa: PLC0415

        decision = decide(
            judge_run(Path(run["results_dir"])),
            testbed,
            taken,
            declared["max"],
            declared["until_relative_width"],
        )
        answer["progress"] = decision.progress
        if decision.reason:
            answer["enough"] = {"rounds": taken, "reason": decision.reason}
        return answer
