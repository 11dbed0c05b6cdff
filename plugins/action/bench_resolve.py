"""Settle what depends on the hosts, once they have been looked at: threads of wrk, and workers.

Arguments: `run`, the fact `bench_run`; `checks`, what host_check returned, by host; `fingerprints`,
what host_fingerprint returned, by host, if the run goes on; `absent`, the hosts that are not up, so
that none was looked at (only in check mode).
Returns the completed `run`, and what to expect of its hosts, as `progress`; in check mode, also
what would be done, as `closing`.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from msgspec import structs

from pipebench.documents.declared import plain
from pipebench.earlier.repeat import architecture_text
from pipebench.earlier.resume import host_changes
from pipebench.hosts.way_out import own_proxies
from pipebench.plan.errors import PlanError
from pipebench.plan.resolve import (
    check_text,
    few_connections_text,
    resolve,
    single_worker_text,
    small_generators_text,
    unequal_generators_text,
)
from pipebench.plan.run_plan import RunPlan
from pipebench.plan.tuning import tuning_text


class ActionModule(ActionBase):
    """The action `bench_resolve`."""

    _requires_connection = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset({"run", "checks", "fingerprints", "absent"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        run = RunPlan.from_fact(self._task.args["run"])
        absent = plain(self._task.args.get("absent") or [])
        if not absent:
            checks = self._task.args["checks"]
            cpus = {host: int(checks[host]["cpus"]) for host in checks}
            try:
                if run.resumption:
                    changes = host_changes(run, self._task.args["fingerprints"])
                    run = structs.replace(run, resumption=run.resumption.with_changes(changes))
                run = resolve(run, cpus)
            except PlanError as error:
                return {**answer, "failed": True, "msg": str(error)}
            architectures = {host: str(checks[host]["architecture"]) for host in checks}
            sentences = (
                architecture_text(run, architectures),
                small_generators_text(run, cpus),
                unequal_generators_text(run, architectures),
                single_worker_text(run),
                few_connections_text(run),
                tuning_text(checks),
                own_proxies({host: checks[host]["proxies"] for host in run.via_controller}),
            )
            answer["progress"] = "\n".join(filter(None, sentences))
        answer["run"] = run.to_fact()
        if self._task.check_mode:
            answer["closing"] = check_text(run, absent)
        return answer
