"""The rates of a testbed's cells under a constant load.

Arguments: `run`, the fact `bench_run`; `testbed`, its name. Returns `cells`, each `{cell, rate}`
with the rate in requests per second, null if wrk got no answers.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from pipebench.plan.run_plan import RunPlan


class ActionModule(ActionBase):
    """The action `constant_rates`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"run", "testbed"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        from pipebench.harness.rates import constant_rates  # noqa: PLC0415 (reads with numpy)

        answer: dict[str, Any] = super().run(tmp, task_vars)
        cells = constant_rates(
            RunPlan.from_fact(self._task.args["run"]), self._task.args["testbed"]
        )
        return answer | {"cells": cells}
