"""Keep the fingerprint of a host with the run.

Arguments: `run`, the fact `bench_run`; `host`, its name; `fingerprint`, what host_fingerprint read;
`cloud`, what the inventory says of a rented host (`bench_cloud`).
Of the frameworks that are on the host, only those of the run are kept. A run that goes on keeps
what its hosts were when it began, if that can be read: run.json has what changed since.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from pipebench.earlier.complete import put_aside
from pipebench.earlier.resume import recorded_host
from pipebench.plan.run_plan import RunPlan
from pipebench.record import assemble
from pipebench.record.folder import names_in
from pipebench.record.schema import HostFingerprint, RecordError
from pipebench.record.store import HOSTS, host_file, name_of, write


class ActionModule(ActionBase):
    """The action `host_record`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"run", "host", "fingerprint", "cloud"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = self._task.args
        run, cloud = given["run"], given.get("cloud") or None
        described = {**given["fingerprint"], "cloud": cloud, "run_id": run["run_id"]}
        try:
            fingerprint = assemble.fingerprint(described)
        except RecordError as error:
            raise AnsibleActionFail(str(error)) from error
        keep(run, str(given["host"]), fingerprint)
        return answer


def keep(run: Mapping[str, Any], host: str, fingerprint: HostFingerprint) -> None:
    """Write the fingerprint, unless the run goes on and has one of its beginning."""
    folder, file = Path(run["results_dir"]), host_file(host)
    if run.get("resumption"):
        try:
            recorded_host(RunPlan.from_fact(run), host)
        except RecordError:
            if name_of(file) in names_in(folder, HOSTS):
                put_aside(folder, file)
        else:
            return
    found = fingerprint.frameworks
    fingerprint.frameworks = {name: found[name] for name in run["frameworks"] if name in found}
    write(folder, file, fingerprint)
