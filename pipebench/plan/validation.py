"""Variables as they were given, in YAML or as texts of `-e name=value`, read into `Variables`.

All mistakes are reported at once, each as a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import yaml
from msgspec import inspect

from pipebench.plan.mistakes import sentence
from pipebench.plan.variables import (
    FIRST,
    HOST_VARIABLES,
    OWN_VARIABLES,
    PREFIX,
    RENAMED,
    Variables,
    number_of,
)
from pipebench.record.declared import (
    fields_of,
    parts_of,
    read_fields,
    requirement,
    struct_in,
    suggestion,
)
from pipebench.tools import first_tool, tools


class VariablesRead(NamedTuple):
    """The variables of a run. mistakes: by variable; one that is wrong has its default instead."""

    variables: Variables
    mistakes: dict[str, list[str]]

    def right(self, *names: str) -> bool:
        """Whether none of these variables has a mistake."""
        return not self.mistakes.keys() & set(names)


def read_variables(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> VariablesRead:
    """Every variable in its own type, and all that is wrong with those given.

    `given` may hold anything; what begins with `bench_` must be known. `defaults` is a plan that
    has every variable.
    """
    declared = fields_of(Variables)
    usual = read_fields(Variables, defaults).values
    written = {name: given.get(name, defaults[name]) for name in declared}
    meant = {name: _as_meant(value, name) for name, value in written.items()}
    values, wrong = read_fields(Variables, meant, written=written)
    mistakes = unknown_variables(given) | {name: [sentence(wrong[name])] for name in wrong}
    read = VariablesRead(Variables(**{**usual, **values}), mistakes)
    return VariablesRead(read.variables, mistakes | contradictions(read))


def _as_meant(value: Any, name: str) -> Any:
    """What a text of the command line stands for: a list, a number, true, a mapping, or nothing."""
    kinds = parts_of(fields_of(Variables)[name].kind)
    text = value.strip() if isinstance(value, str) else None
    if any(isinstance(kind, inspect.ListType) for kind in kinds):
        return _items(value)
    if text is None:
        return value
    if text.startswith("{") and struct_in(fields_of(Variables)[name].kind):
        return _mapping(text)
    if any(isinstance(kind, inspect.BoolType) for kind in kinds):
        return {"yes": True, "no": False}.get(text.lower(), text)
    return text or None


def _items(value: Any) -> list[Any]:
    """A list as it is; `a,b` split; nothing as an empty list; one value as a list of it."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _mapping(text: str) -> Any:
    """What is quoted on a command line (-e name='{...}') comes as a text."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def unknown_variables(given: Iterable[str]) -> dict[str, list[str]]:
    """A sentence for every name that looks like a variable of a run and is not one."""
    known = fields_of(Variables)
    unknown = {
        name
        for name in given
        if name.startswith(PREFIX) and name not in known.keys() | HOST_VARIABLES | OWN_VARIABLES
    }
    return {name: [_unknown(name, known)] for name in sorted(unknown)}


def _unknown(name: str, known: Iterable[str]) -> str:
    if name in RENAMED:
        return f"{name} is an old name; the variable is called {RENAMED[name]} now."
    return sentence(f"{name} is not a variable of this project; {suggestion(name, known)}")


def contradictions(read: VariablesRead) -> dict[str, list[str]]:
    """A sentence for everything that is wrong with variables that are right by themselves."""
    variables = read.variables
    sentences: dict[str, list[str]] = {}
    if read.right("bench_threads", "bench_connections"):
        sentences["bench_connections"] = uneven_threads(
            number_of(variables.threads), variables.connections
        )
    if read.right("bench_tools"):
        right = requirement(fields_of(Variables)["bench_tools"].kind)
        if variables.tools[0] != FIRST:
            sentences["bench_tools"] = [f"bench_tools is {variables.tools}; it must be {right}."]
        elif variables.rate_share:
            sentences["bench_rate_share"] = rate_mistakes(variables.rate_share, variables.tools[1:])
    return {name: some for name, some in sentences.items() if some}


def rate_mistakes(share: float, checkers: Iterable[str]) -> list[str]:
    """A sentence if a rate is wanted, and not every tool that would check it can keep one."""
    keepers = [name for name, tool in tools().items() if tool.keeps_rate]
    if set(checkers) and set(checkers) <= set(keepers):
        return []
    about = f"bench_rate_share is {share:g}, which requires {' or '.join(keepers)}; "
    return [f"{about}bench_tools must be [{', '.join((FIRST, *keepers))}]."]


def uneven_threads(threads: int | None, connections: Iterable[int]) -> list[str]:
    """A sentence for every number of connections that the tool would not open as asked."""
    opens = first_tool().opens
    return [
        _uneven(threads, number)
        for number in connections
        if threads and opens(number, threads) != number
    ]


def _uneven(threads: int, connections: int) -> str:
    if threads > connections:
        return (
            f"bench_threads is {threads}, more than the {connections} of bench_connections; "
            f"{FIRST} requires a connection for every thread."
        )
    return (
        f"bench_connections has {connections}, which is not a multiple of bench_threads "
        f"({threads}); {FIRST} would open only {first_tool().opens(connections, threads)}."
    )
