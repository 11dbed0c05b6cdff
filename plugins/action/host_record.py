"""Keep the fingerprint of a host with the run.

Arguments: `run`, the fact `bench_run`; `host`, its name; `fingerprint`, what host_fingerprint read;
`cloud`, what the inventory says of a rented host (`bench_cloud`).
A run that goes on keeps what its hosts were when it began: run.json has what changed since.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from pipebench.record import assemble
from pipebench.record.folder import exists
from pipebench.record.schema import RecordError
from pipebench.record.store import host_file, write


class ActionModule(ActionBase):
    """The action `host_record`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"run", "host", "fingerprint", "cloud"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = self._task.args
        try:
            cloud = given.get("cloud")
            fingerprint = assemble.fingerprint({**given["fingerprint"], "cloud": cloud or None})
        except RecordError as error:
            raise AnsibleActionFail(str(error)) from error
        folder, file = Path(given["run"]["results_dir"]), host_file(str(given["host"]))
        if not (given["run"].get("resumption") and exists(folder, file)):
            write(folder, file, fingerprint)
        return answer
