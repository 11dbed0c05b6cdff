"""The command that repeats a run."""

import argparse
import json
import shlex
from pathlib import Path
from typing import Any

from pipebench.plan.variables import PLACE_OF_A_RUN, current_names
from pipebench.record.run import Run
from pipebench.record.yaml_text import YamlError, values_of

MOST_VARIABLES = 200
"""No plan has so many."""


def reproduce(run: Run) -> str:
    """The command that repeats a run in the same order; empty if it is not known.

    It is the typed command, except for the variables of the benchmark: it has all of them, with the
    values that the run used.
    """
    if not run.command or not 0 < len(run.variables) <= MOST_VARIABLES:
        return ""
    used = {
        name: value
        for name, value in current_names(run.variables).items()
        if name not in PLACE_OF_A_RUN and value is not None
    }
    return shlex.join(["./bench", *typed_words(run), "-e", _one_a_line(used)])


def typed_words(run: Run, *, plans: bool = True) -> list[str]:
    """The words of the typed command, without variables of the benchmark.

    A file of variables stays, as only its reader knows what is in it. plans: whether those of the
    project's own plans do, too.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("-e", "--extra-vars", action="append", default=[])
    try:
        typed, words = parser.parse_known_args(run.command[1:])
    except argparse.ArgumentError:  # an -e at the end: Ansible would have refused it
        return []
    words = [word for word in words if Path(word).name != "bench.yml"]
    extras = [one for one in typed.extra_vars if plans or not one.startswith("@plans/")]
    given = filter(None, map(_not_the_benchmarks, extras))
    return [*words, *(word for one in given for word in ("-e", one))]


def _not_the_benchmarks(extra: str) -> str:
    """The argument of Ansible's -e, without the variables of the benchmark."""
    if extra.startswith("@"):
        return extra
    if extra.startswith("{"):
        try:
            variables = values_of(extra)
        except YamlError:
            return ""
        if not isinstance(variables, dict):
            return ""
        others = {k: v for k, v in variables.items() if not str(k).startswith("bench_")}
        return json.dumps(others) if others else ""
    try:
        pairs = shlex.split(extra)
    except ValueError:
        return ""
    return shlex.join(pair for pair in pairs if not pair.startswith("bench_"))


def _one_a_line(variables: dict[str, Any]) -> str:
    """A JSON object with one member per line."""
    members = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in variables.items())
    return "{\n " + ",\n ".join(members) + "\n}"
