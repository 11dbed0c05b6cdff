"""Which hosts are provisioned through the controller: `bench_via_controller` in the inventory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipebench.plan.errors import Mistakes, PlanError
from pipebench.plan.testbeds import Inventory
from pipebench.plan.variables import is_true

VIA_CONTROLLER = "bench_via_controller"
SSH = ("ssh", "ansible.builtin.ssh", "smart")
PROXIES = ("http_proxy", "https_proxy", "all_proxy")
"""Variables of an environment that name a proxy; programs read them in capitals, too."""


def hosts_via_controller(inventory: Inventory) -> list[str]:
    """The hosts that are to have no other way out. Raises PlanError with every mistake."""
    mistakes = Mistakes()
    hosts = []
    for host in dict.fromkeys([*inventory.servers, *inventory.loadgens]):
        variables = inventory.hostvars[host]
        with mistakes.collected():
            if _is_wanted(host, variables):
                hosts.append(host)
                mistakes += _contradictions(host, variables)
    mistakes.refuse()
    return hosts


def _is_wanted(host: str, variables: Mapping[str, Any]) -> bool:
    try:
        return is_true(variables, VIA_CONTROLLER)
    except PlanError as error:
        raise PlanError(f"{host}: {error}") from error


def _contradictions(host: str, variables: Mapping[str, Any]) -> list[str]:
    """A sentence for each variable of a host that cannot be beside `bench_via_controller: true`."""
    sentences = []
    connection = variables.get("ansible_connection", "ssh")
    if connection not in SSH:
        sentences.append(
            f"{host}: ansible_connection is {connection!r}; {VIA_CONTROLLER} requires ssh."
        )
    given = variables.get("server_environment") or {}
    sentences += [
        f"{host}: server_environment has {name}, and {VIA_CONTROLLER} is true; only one of them "
        "can be the way out."
        for name in given
        if str(name).lower() in PROXIES
    ]
    return sentences
