"""The variables of a host that begin with `bench_`: each is known, and right."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import PurePath
from typing import Any

from pipebench.documents.declared import fields_of, near, plain
from pipebench.plan.connection_variables import hosts_named
from pipebench.plan.errors import sentence
from pipebench.plan.testbeds import UP_PATH, Inventory
from pipebench.plan.variables import (
    BESIDE_A_PLAN,
    HOST_VARIABLES,
    OWN_VARIABLES,
    PREFIX,
    UNTIL,
    Variables,
)

PRICE, CLOUD = "bench_price", "bench_cloud"


def host_variable_mistakes(inventory: Inventory, given: Collection[str]) -> list[str]:
    """A sentence for each wrong variable of each host; for hosts that share one, once.

    given: names that are the run's: those are checked as its variables.
    """
    hosts: dict[str, list[str]] = {}
    for host in dict.fromkeys([*inventory.servers, *inventory.loadgens]):
        for name, value in inventory.hostvars[host].items():
            if str(name).startswith(PREFIX) and name not in given:
                for wrong in _mistakes(str(name), plain(value)):
                    hosts.setdefault(wrong, []).append(host)
    return [sentence(f"{hosts_named(names)}: {wrong}") for wrong, names in hosts.items()]


def _mistakes(name: str, value: Any) -> Iterator[str]:
    if name in OWN_VARIABLES:
        return
    if name in (*fields_of(Variables), *BESIDE_A_PLAN):
        yield (
            f"{name} is a variable of the run, not of one host; give it in a plan, with -e, or "
            "for all hosts"
        )
    elif name not in HOST_VARIABLES:
        meant = near(name, HOST_VARIABLES)
        end = (
            f"did you mean {meant}?" if meant else f"there are {', '.join(sorted(HOST_VARIABLES))}"
        )
        yield f"{name} is not a variable of a host; {end}"
    elif name == PRICE and not _is_price(value):
        yield f"{PRICE} is {value!r}; it must be a number, the price of an hour, or as prices.yml"
    elif name == UNTIL and number_in(value) is None:
        yield f"{UNTIL} is {value!r}; it must be a moment as seconds since 1970"
    elif name == CLOUD and not isinstance(value, dict):
        yield f"{CLOUD} is {value!r}; it must be a mapping of provider, type, zone and the like"
    elif name == UP_PATH and not (isinstance(value, str) and PurePath(value).is_absolute()):
        yield f"{UP_PATH} is {value!r}; it must be the absolute path of a file on this computer"


def number_in(value: Any) -> float | None:
    """The number that a host's variable has, also as a text; None if it has none."""
    try:
        number = None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
    return number if number is not None and number >= 0 else None


def _is_price(value: Any) -> bool:
    return value is None or isinstance(value, dict) or number_in(value) is not None
