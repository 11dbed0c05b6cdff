"""The commands that repeat a run, or measure the rest of it.

A reader pastes them, and the run may be somebody else's: they are made of values that a plan may
have, and of this project's own names. Where only whoever made the run has a name, as of an
inventory, a word in capitals says what belongs there.
"""

import argparse
import json
import shlex
from pathlib import Path
from typing import Any

from pipebench.documents.declared import fields_of, matches
from pipebench.earlier.recorded import FOLDERS, SETS_HOSTS
from pipebench.plan.own_names import own_names
from pipebench.plan.phases import PHASES
from pipebench.plan.run_plan import default_variables
from pipebench.plan.validation import read_variables
from pipebench.plan.variables import (
    PLACE_OF_A_RUN,
    RESUME,
    FrameworkName,
    Variables,
    current_variables,
)
from pipebench.record.run_record import Run

MOST_VARIABLES = 200
"""No plan has so many."""

INVENTORY, FOLDER = "INVENTORY", "FOLDER"
"""In place of a name that is not this project's own."""
OPTIONS = (("-i", "--inventory"), ("-e", "--extra-vars"), ("-t", "--tags"), ("--skip-tags",))


def reproduce(run: Run) -> str:
    """The command that repeats a run in the same order; empty if it is not known.

    It has all variables of the benchmark, with the values that the run used.
    """
    used = checked_variables(run) if len(run.variables) <= MOST_VARIABLES else {}
    if not run.command or not used:
        return ""
    return shlex.join(["./bench", *checked_words(run), "-e", _one_a_line(used)])


def resume_command(run: Run) -> str:
    """The command by which an incomplete run goes on; empty if it is not known.

    The run has its variables itself, but for those that decide what code runs, and what hosts are
    set to: these must be given.
    """
    if not run.command or not _is_run_id(run.run_id):
        return ""
    results = run.variables.get("bench_results_dir") or "results"
    name = run.run_id if results == "results" else str(run.folder.resolve())
    usual = default_variables({})
    given = {
        name: value
        for name, value in checked_variables(run).items()
        if name in (FOLDERS, *SETS_HOSTS) and value != usual[name]
    }
    words = ["-e", json.dumps(given)] if given else []
    words += ["-e", f"{RESUME}={name}"]
    return shlex.join(["./bench", *checked_words(run, plans=False), *words])


def checked_variables(run: Run) -> dict[str, Any]:
    """The variables of a run that a plan of this version may have so, without its own place."""
    recorded = {
        name: value
        for name, value in current_variables(run.variables).items()
        if name in fields_of(Variables) and name not in PLACE_OF_A_RUN and value is not None
    }
    wrong = read_variables(recorded, default_variables({})).mistakes
    right = {name: value for name, value in recorded.items() if name not in wrong}
    if FOLDERS in right:
        right[FOLDERS] = [_own_folder(name) for name in _listed(right[FOLDERS])]
    if "bench_frameworks" in right:
        names = _listed(right["bench_frameworks"])
        right["bench_frameworks"] = [name for name in names if matches(name, FrameworkName)]
    return right


def checked_words(run: Run, *, plans: bool = True) -> list[str]:
    """What of the typed command is this project's own: inventories, plans and phases.

    plans: whether the plans are wanted.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for names in OPTIONS:
        parser.add_argument(*names, action="append", default=[])
    try:
        typed, _ = parser.parse_known_args(run.command[1:])
    except argparse.ArgumentError:
        return []
    words = []
    for name in typed.inventory:
        words += ["-i", name if name.removesuffix("/") in own_names().inventories else INVENTORY]
    for option, given in (("--tags", typed.tags), ("--skip-tags", typed.skip_tags)):
        phases = [one for text in given for one in text.split(",") if one in PHASES]
        words += [option, ",".join(phases)] if phases else []
    for extra in typed.extra_vars:
        if plans and extra.startswith("@") and extra[1:] in own_names().plans:
            words += ["-e", extra]
    return words


def _own_folder(name: str) -> str:
    """The folder, if it is one of those that the project's plans name, or in one of them."""
    path = Path(name)
    inside = not path.is_absolute() and ".." not in path.parts
    own = {str(one) for one in (path, *path.parents)} & own_names().frameworks
    return name if inside and own else FOLDER


def _listed(value: Any) -> list[str]:
    values = value.split(",") if isinstance(value, str) else value
    return [str(one).strip() for one in values]


def _is_run_id(name: str) -> bool:
    return matches(name, fields_of(Variables)["bench_run_id"].annotation)


def _one_a_line(variables: dict[str, Any]) -> str:
    """A JSON object with one member per line."""
    members = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in variables.items())
    return "{\n " + ",\n ".join(members) + "\n}"
