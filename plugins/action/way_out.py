"""Give a host a way out through the controller while it is provisioned, and close it again.

Arguments: `state`, one of
`tried`: open it for a moment; returns `problem`, a sentence or nothing. `mirrors` (list of
`name:port`): where the host installs packages from, of which this computer must reach one.
`open`: returns `holder`, which closes it, and `environment`, by which programs of the host use it.
`closed`: `holders` are those of all ways; needs no connection.
`owner`: the process that a way must not outlive (`bench_run.owner`); not of `closed`.
"""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.action import ActionBase

from pipebench.hosts.via_controller import VIA_CONTROLLER
from pipebench.hosts.way_out import (
    NoWayError,
    Way,
    close_way,
    open_way,
    remote_command,
    ssh_command,
    unreached,
)


class ActionModule(ActionBase):
    """The action `way_out`."""

    _requires_connection = False  # of its own
    _supports_check_mode = True  # `tried` only looks
    _VALID_ARGS = frozenset({"state", "owner", "mirrors", "holders"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = self._task.args
        if given["state"] == "closed":
            for holder in given["holders"]:
                close_way(holder)
            return answer
        host = (task_vars or {})["inventory_hostname"]
        try:
            way = self._opened(host, str(given["owner"]))
        except NoWayError as error:
            if given["state"] == "tried":
                return answer | {"problem": str(error)}
            raise AnsibleActionFail(str(error)) from error
        if given["state"] == "tried":
            close_way(way.holder)
            return answer | {"problem": unreached(host, given.get("mirrors") or [])}
        return answer | {"holder": way.holder, "environment": way.environment}

    def _opened(self, host: str, owner: str) -> Way:
        """A way of this task's host, to which ssh logs in as Ansible does."""
        connection = self._connection
        if connection.transport != "ssh":
            raise NoWayError(
                f"{host} is reached by {connection.transport}; {VIA_CONTROLLER} requires ssh."
            )
        if connection.get_option("password") or self._play_context.password:
            raise NoWayError(
                f"{host}: ssh logs in with a password; {VIA_CONTROLLER} requires a key."
            )
        connection.host = connection.get_option("host") or self._play_context.remote_addr
        built = connection._build_command(  # noqa: SLF001 - the only way to Ansible's own options
            connection.get_option("ssh_executable"), "ssh", connection.host, remote_command()
        )
        return open_way(host, ssh_command([to_text(word) for word in built]), owner)
