"""Keep run.json: written when a run begins, completed as it goes on, so that a broken run has one.

Arguments: `run`, the fact `bench_run`; `moment`, which of its times is now (`started`,
`measuring_started`, `measuring_ended`, `ended`); `measured`, by testbed: the fact
`harness_measured`; `prices`, by host: its `bench_price`, kept as prices.yml if there is none.
Returns `noted_at`, that moment in unix s: Jinja has only times without a zone.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ansible import release
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from pipebench.documents.declared import plain
from pipebench.harness.run_json import note
from pipebench.plan.run_plan import RunPlan
from pipebench.run.prices import write_prices


class ActionModule(ActionBase):
    """The action `run_record`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"run", "moment", "measured", "prices"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = self._task.args
        run, ansible = RunPlan.from_fact(given["run"]), release.__version__
        answer["noted_at"] = time.time()
        try:
            line = note(run, given["moment"], ansible, given.get("measured"))
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from error
        if given.get("prices"):
            write_prices(Path(run.results_dir), plain(given["prices"]))
        return answer | ({"progress": line} if line else {})
