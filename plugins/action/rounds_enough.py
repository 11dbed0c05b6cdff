"""Say whether a testbed needs another round, from the raw records so far: by precision only.

Arguments: `run`, the fact `bench_run`; `testbed`, its name; `rounds`, how many are done. Returns
`enough`: `{rounds, reason}` once they are, else nothing; and, if rounds are extended at all, a line
for the reader. Runs on the controller, in this process.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """The action `rounds_enough`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"run", "testbed", "rounds"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        run, testbed = self._task.args["run"], self._task.args["testbed"]
        taken = int(self._task.args["rounds"])
        declared = run["variables"]["bench_rounds"]
        answer["enough"] = {}
        if not isinstance(declared, dict) or taken < declared["min"]:
            return answer

        from pipebench.run.judge import judge_run  # noqa: PLC0415 (reads with numpy: only if need be)
        from pipebench.run.precision import precision  # noqa: PLC0415

        found = precision(
            judge_run(Path(run["results_dir"])), testbed, declared["until_relative_width"]
        )
        where = f" on {testbed}" if len(run["testbeds"]) > 1 else ""
        if found.enough:
            next_ = "enough"
        elif taken < declared["max"]:
            next_ = "another round"
        else:
            next_ = f"no more than {taken} rounds were declared"
        answer["progress"] = f"After round {taken}{where}: {found.reason}: {next_}"
        if found.enough or taken >= declared["max"]:
            most = "" if found.enough else "as many as were declared; "
            answer["enough"] = {"rounds": taken, "reason": most + found.reason}
        return answer
