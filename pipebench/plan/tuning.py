"""What a run sets on its hosts for its own time: of tuning.yml, what is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import msgspec
from msgspec import Struct

from pipebench.documents.declared import plain
from pipebench.plan.tuning_text import setting_lines
from pipebench.record.schema import Setting, Skipped

TABLE = Path(__file__).parent / "tuning.yml"
NONE, FULL = "none", "full"
STEERED = ("interrupts", "steering")
"""What CPUs of their own for interrupts need, on a server."""
Kind: TypeAlias = Literal["server", "generator"]


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of the table, which describes the fields."""

    meaning: str
    values: dict[str, str] = {}
    at_least: bool = False
    method: str | None = None
    hosts: tuple[Kind, ...] = ("server", "generator")
    rewriters: list[str] = []


@cache
def table() -> dict[str, Entry]:
    """Every entry by its name, in the order of writing."""
    return msgspec.yaml.decode(TABLE.read_bytes(), type=dict[str, Entry])


def names_text() -> str:
    """What `bench_tuning` can be, in words."""
    return f"{NONE}, {FULL}, or some of {', '.join(table())}"


def wanted_names(tuning: Sequence[str]) -> list[str]:
    """The names of the entries that `bench_tuning` asks for."""
    return [name for name in table() if FULL in tuning or name in tuning]


class TuningVariables(Protocol):
    """The variables of a plan that say what is set, and for which port."""

    @property
    def tuning(self) -> Sequence[str]: ...
    @property
    def tuning_pauses(self) -> bool: ...
    @property
    def interrupt_cpus(self) -> int: ...
    @property
    def port(self) -> int: ...


def order_of(variables: TuningVariables, kind: Kind) -> dict[str, Any]:
    """What files/tuning/plan.py is asked for on a host; without entries there is nothing to set."""
    names = wanted_names(variables.tuning)
    cpus = variables.interrupt_cpus if kind == "server" else 0
    entries = [
        {"name": name, **msgspec.to_builtins(entry)}
        for name, entry in table().items()
        if (name in names and kind in entry.hosts) or (cpus and name in STEERED)
    ]
    return {
        "entries": entries,
        "interrupt_cpus": cpus,
        "port": variables.port,
        "pauses": variables.tuning_pauses,
    }


class TuningCheck(Struct, frozen=True, kw_only=True):
    """What would be set on a host, as files/tuning/plan.py says it."""

    settings: list[Setting] = []
    skipped: list[Skipped] = []
    rewriters: list[str] = []


def rewriter_problem(host: str, check: TuningCheck, *, pauses: bool) -> str | None:
    """A sentence if services of the host would write again what the run sets."""
    if pauses or not check.rewriters:
        return None
    names, units = " and ".join(check.rewriters), " ".join(check.rewriters)
    run, them = ("run", "them") if len(check.rewriters) > 1 else ("runs", "it")
    return (
        f"{names} {run} on {host}, and would write again what bench_tuning or "
        f"bench_interrupt_cpus sets; stop {them} there (systemctl stop {units}), or add "
        f"-e bench_tuning_pauses=true, which stops {them} for the time of the run."
    )


def tuning_text(checks: Mapping[str, Mapping[str, Any]]) -> str:
    """What will be set on each host; hosts with the same values share the lines.

    checks: what host_check returned, by host.
    """
    hosts: dict[str, list[str]] = {}
    for host, answer in checks.items():
        check = msgspec.convert(plain(answer.get("tuning") or {}), TuningCheck)
        lines = setting_lines(check.settings, check.skipped)
        hosts.setdefault("\n".join(f"  {line}" for line in lines), []).append(host)
    return "\n".join(
        f"This is set on {', '.join(names)} for the time of the run, and put back after it:\n{text}"
        for text, names in hosts.items()
        if text
    )
