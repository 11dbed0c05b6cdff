"""Reads the given variables, from YAML or from texts of `-e name=value`, into `Variables`.

All mistakes are reported at once, each as a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import yaml
from msgspec import inspect

from pipebench.documents.declared import (
    fields_of,
    parts_of,
    read_fields,
    requirement,
    struct_in,
    suggestion,
)
from pipebench.plan.errors import sentence
from pipebench.plan.tuning import FULL, NONE
from pipebench.plan.variables import (
    BESIDE_A_PLAN,
    HOST_VARIABLES,
    KEEPERS,
    OWN_VARIABLES,
    PREFIX,
    RENAMED,
    Variables,
    number_of,
)
from pipebench.tools import FIRST, first_tool

EXTENDED = re.compile(
    r"(?P<min>\d{1,5})\s*\.\.\s*(?P<max>\d{1,5})\s*@\s*(?P<width>\d*\.?\d+)\s*(?P<percent>%?)"
)
"""Rounds as one word: 6..20@5%."""


class VariablesRead(NamedTuple):
    """The variables of a run. mistakes: by variable; a wrong one has its default instead."""

    variables: Variables
    mistakes: dict[str, list[str]]

    def right(self, *names: str) -> bool:
        """Whether none of these variables has a mistake."""
        return not self.mistakes.keys() & set(names)


def read_variables(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> VariablesRead:
    """Every variable in its own type, and all mistakes in the given ones.

    `given` may hold any names; those that begin with `bench_` must be known. `defaults` is a plan
    with every variable.
    """
    declared = fields_of(Variables)
    default_values = read_fields(Variables, defaults).values
    written = {name: given.get(name, defaults[name]) for name in declared}
    meant = {name: _as_meant(value, name) for name, value in written.items()}
    values, wrong = read_fields(Variables, meant, written=written)
    mistakes = unknown_variables(given) | {name: [sentence(wrong[name])] for name in wrong}
    read = VariablesRead(Variables(**{**default_values, **values}), mistakes)
    return VariablesRead(read.variables, mistakes | contradictions(read))


def _as_meant(value: Any, name: str) -> Any:
    """The value that a text of the command line means: a list, a number, true, a mapping, None."""
    kinds = parts_of(fields_of(Variables)[name].kind)
    text = value.strip() if isinstance(value, str) else None
    if text is not None and text.startswith(("[", "{")):
        value = _of_yaml(text)
        text = value if isinstance(value, str) else None
    if any(isinstance(kind, inspect.ListType) for kind in kinds):
        return _items(value)
    if text is None:
        return value
    extended = EXTENDED.fullmatch(text)
    if extended and struct_in(fields_of(Variables)[name].kind):
        share = float(extended["width"]) / (100 if extended["percent"] else 1)
        least, most = int(extended["min"]), int(extended["max"])
        return {"min": least, "max": most, "until_relative_width": share}
    if any(isinstance(kind, inspect.BoolType) for kind in kinds):
        return {"yes": True, "no": False}.get(text.lower(), text)
    return text or None


def _items(value: Any) -> list[Any]:
    """A list unchanged; `a,b` split; None as an empty list; one value as a list of it."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _of_yaml(text: str) -> Any:
    """A list or a mapping from a quoted text of the command line (-e name='{...}')."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def unknown_variables(given: Iterable[str]) -> dict[str, list[str]]:
    """A sentence for every name that begins like a variable of a run and is not one."""
    known = [*fields_of(Variables), *BESIDE_A_PLAN]
    unknown = {
        name
        for name in given
        if name.startswith(PREFIX) and name not in {*known, *HOST_VARIABLES, *OWN_VARIABLES}
    }
    return {name: [_unknown(name, known)] for name in sorted(unknown)}


def _unknown(name: str, known: Iterable[str]) -> str:
    if name in RENAMED:
        return f"{name} is an old name; the variable is called {RENAMED[name]} now."
    known = [*known, *sorted(HOST_VARIABLES)]
    return sentence(f"{name} is not a variable of this project; {suggestion(name, known)}")


def contradictions(read: VariablesRead) -> dict[str, list[str]]:
    """Sentences about variables that are right alone, but not together."""
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
    if read.right("bench_tuning") and len(variables.tuning) > 1:
        alone = [word for word in (NONE, FULL) if word in variables.tuning]
        sentences["bench_tuning"] = [
            f"bench_tuning is {', '.join(variables.tuning)}; {word} must stand alone."
            for word in alone
        ]
    return {name: mistakes for name, mistakes in sentences.items() if mistakes}


def rate_mistakes(share: float, checkers: Iterable[str]) -> list[str]:
    """A sentence if a rate is wanted, and not every checking tool can keep one."""
    if set(checkers) and set(checkers) <= set(KEEPERS):
        return []
    mistake = f"bench_rate_share is {share:g}, which "
    if not KEEPERS:
        return [f"{mistake}no load tool besides {FIRST} can keep; it must be null."]
    wanted = f"bench_tools must be [{', '.join((FIRST, *KEEPERS))}]."
    return [f"{mistake}requires {' or '.join(KEEPERS)}; {wanted}"]


def uneven_threads(threads: int | None, connections: Iterable[int]) -> list[str]:
    """A sentence for every number of connections that the tool would not open exactly."""
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
