"""Which values of this host are set, for what a run asks. Only reads.

host_check, a module, imports this, so that everything is shown before anything is touched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from . import steering
from .places import ask, is_writable, read_place, same, under
from .settings import Setting, setting, untouched

TRACKING = "/proc/sys/net/netfilter/nf_conntrack_max"
ONLY_READ = "can only be read here, as in a container"


class Skipped(TypedDict):
    """What is left as it is. name: of what was asked for."""

    name: str
    reason: str


class Entry(TypedDict):
    """What is asked for: pipebench/plan/tuning.yml describes it.

    values: by the pattern of paths; method: a name of METHODS, for what is not the same everywhere.
    rewriters: services that would write these values again.
    """

    name: str
    values: dict[str, str]
    at_least: bool
    method: str | None
    rewriters: list[str]


class Order(TypedDict):
    """address: of the interface. entries: in the order of writing. interrupt_cpus: so many for
    interrupts alone, or 0. pauses: whether services that would write values again are stopped
    meanwhile.
    """

    address: str
    port: int
    entries: list[Entry]
    interrupt_cpus: int
    pauses: bool


class Plan(TypedDict):
    """rewriters: the services that run here and would write values again.

    interface: None if none has the address. The CPUs: of the interrupts, and of the servers.
    """

    settings: list[Setting]
    skipped: list[Skipped]
    rewriters: list[str]
    interface: str | None
    interrupt_cpus: list[int]
    server_cpus: list[int]


class SkipError(Exception):
    """Something is left as it is; the message says why."""


@dataclass(frozen=True)
class Host:
    """What the methods need. cpus: that may be used; interrupt_cpus: of these, for interrupts."""

    root: Path
    interface: str | None
    port: int
    cpus: list[int]
    interrupt_cpus: list[int]

    @property
    def server_cpus(self) -> list[int]:
        return [cpu for cpu in self.cpus if cpu not in self.interrupt_cpus]

    @property
    def interrupted_cpus(self) -> list[int]:
        """The CPUs that interrupts go to: of their own, or all."""
        return self.interrupt_cpus or self.cpus

    @property
    def card(self) -> str:
        """The interface that the load takes. Raises SkipError if it cannot be set."""
        if self.interface is None:
            raise SkipError("no interface has the address of the load")
        if not steering.is_shown(self.root, self.interface):
            raise SkipError(f"/sys does not show {self.interface}, as in a container")
        return self.interface


class Values(NamedTuple):
    """wanted: values by their places. left: why something else is left as it is, or nothing."""

    wanted: dict[str, str]
    left: str = ""


def interrupt_values(host: Host) -> Values:
    places = steering.interrupts(host.root, host.card)
    if not places:
        raise SkipError(f"{host.card} has no interrupts of its own")
    return Values(steering.one_each(places, host.interrupted_cpus))


def steering_values(host: Host) -> Values:
    """Of receiving and sending queues."""
    receiving, sending = (steering.queues(host.root, host.card, kind) for kind in ("rx", "tx"))
    has_interrupts = bool(steering.interrupts(host.root, host.card))
    enough = bool(host.interrupt_cpus) or len(receiving) >= len(host.cpus)
    values = steering.received(
        receiving, host.interrupted_cpus, interrupted=has_interrupts and enough
    )
    if len(sending) > 1:
        return Values(values | steering.sent(sending, host.server_cpus))
    return Values(values, f"{host.card} has one queue for sending, which all CPUs share")


def moderation_values(host: Host) -> Values:
    """Interrupts at the same pace always, instead of one that follows the load."""
    places = [f"ethtool:{host.card}:{word}" for word in ("adaptive-rx", "adaptive-tx")]
    there = [place for place in places if read_place(host.root, place) is not None]
    if not there:
        raise SkipError(f"the driver of {host.card} does not adapt the pace of interrupts")
    return Values(dict.fromkeys(there, "off"))


def tracking_values(host: Host) -> Values:
    """The connections of the load are not tracked, unless a firewall depends on that."""
    if not under(host.root, TRACKING).exists():
        raise SkipError("this host does not track connections")
    if ask("nft", "--version") is None:
        raise SkipError("nft is not installed")
    if asks_for_states(ask("nft", "--json", "list", "ruleset") or "{}"):
        raise SkipError(
            "the firewall of this host asks for the state of connections, and would drop them"
        )
    return Values({f"nftables:{host.port}": "untracked"})


METHODS = {
    "interrupts": interrupt_values,
    "steering": steering_values,
    "moderation": moderation_values,
    "tracking": tracking_values,
}


def asks_for_states(ruleset: str) -> bool:
    """Whether a table that filters what arrives or leaves has a rule on states. ruleset: JSON."""
    parts = json.loads(ruleset).get("nftables", [])
    hooked = {
        (part["chain"]["family"], part["chain"]["table"])
        for part in parts
        if "chain" in part and part["chain"].get("hook") in ("input", "output")
    }
    rules = (part["rule"] for part in parts if "rule" in part)
    return any(
        (rule["family"], rule["table"]) in hooked and is_of_state(rule.get("expr", []))
        for rule in rules
    )


def is_of_state(expression: Any) -> bool:
    """Whether a rule, or any part of it, asks for the state of a connection."""
    if isinstance(expression, dict):
        ours = "ct" in expression and (expression["ct"] or {}).get("key") in ("state", "status")
        match = expression.get("xt") or {}
        of_iptables = isinstance(match, dict) and match.get("name") in ("conntrack", "state")
        return ours or of_iptables or any(map(is_of_state, expression.values()))
    return isinstance(expression, list) and any(map(is_of_state, expression))


def plan(order: Order, interface: str | None, cpus: list[int], root: Path = Path("/")) -> Plan:
    """What would be set. cpus: that may be used here, by number. root: of /proc and /sys."""
    pinned = sorted(cpus)[: order["interrupt_cpus"]]
    host = Host(root, interface, order["port"], sorted(cpus), pinned)
    before = untouched()
    settings: list[Setting] = []
    skipped: list[Skipped] = []
    rewriters: list[str] = []
    for entry in order["entries"]:
        found, reasons = entry_settings(entry, host, before)
        settings += found
        skipped += [{"name": entry["name"], "reason": reason} for reason in reasons]
        if found:
            rewriters += [name for name in running(entry["rewriters"]) if name not in rewriters]
    paused = [
        setting(name, f"systemd:{name}.service", "active", "inactive")
        for name in rewriters
        if order["pauses"]
    ]
    return {
        "settings": paused + settings,
        "skipped": skipped,
        "rewriters": rewriters,
        "interface": interface,
        "interrupt_cpus": pinned,
        "server_cpus": host.server_cpus if pinned else [],
    }


def entry_settings(
    entry: Entry, host: Host, before: dict[str, str]
) -> tuple[list[Setting], list[str]]:
    """The values of one entry that are not as wanted, and why others are left as they are.

    before: of values that a run has set already, what was there.
    """
    try:
        method = METHODS[entry["method"]] if entry["method"] else None
        values, left = method(host) if method else Values(dict(matching(entry, host.root)))
    except SkipError as error:
        return [], [str(error)]
    if not values:
        return [], [f"this kernel has none of {', '.join(entry['values']) or 'its values'}"]
    settings, reasons = [], []
    for place, wanted in values.items():
        shown = before.get(place) or read_place(host.root, place)
        if shown is None:
            reasons.append(f"{place} cannot be read")
        elif same(place, shown, wanted) or (entry["at_least"] and int(shown) >= int(wanted)):
            reasons.append("it is as wanted")
        elif not is_writable(host.root, place):
            reasons.append(f"{place} {ONLY_READ}")
        else:
            settings.append(setting(entry["name"], place, shown, wanted))
    return settings, [*(shortened(reasons) if not settings else []), *([left] if left else [])]


def shortened(reasons: list[str]) -> list[str]:
    """Each reason once; of many that differ only in the place, the first."""
    kinds = {ONLY_READ if ONLY_READ in reason else reason: reason for reason in reversed(reasons)}
    return list(reversed(list(kinds.values())))


def matching(entry: Entry, root: Path) -> Iterator[tuple[str, str]]:
    """Every path that a pattern of the entry names, with its value."""
    for pattern, wanted in entry["values"].items():
        for path in sorted(root.glob(pattern.lstrip("/"))):
            yield f"/{path.relative_to(root)}", wanted


def running(services: list[str]) -> list[str]:
    """Those of the services that run."""
    return [
        name for name in services if read_place(Path("/"), f"systemd:{name}.service") == "active"
    ]
