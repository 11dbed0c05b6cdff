"""The commands of collect.py and of pipebench, by name, and the error for a misspelt one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

COLLECT, INSTALLED = "collect.py", "pipebench"
COMMANDS = {
    "render": "judge one run and write its outputs",
    "show": "show one record: the execution, its results, the rules that it broke",
    "compare": "compare the cells of runs with the first run's, or the machines that they measured",
    "list": "list the runs, newest first",
    "export": "write one tidy file of one run or of many: CSV, Parquet, JSON or a spreadsheet",
    "pivot": "print one figure of the cells of runs as a table of two dimensions",
    "columns": "print docs/columns.md: what each column of the tables is",
    "completion": "print what completes these commands in bash or zsh",
    "calibrate": "compare a run of servers whose truth is known with what they do",
}
"""What each does; its module in pipebench/commands/ has `add_arguments` and `run`."""
OTHER_NAMES = {"report": "render"}
"""The first is what an installed package calls it, the second what collect.py does."""
OF_A_CHECKOUT = ("calibrate",)
"""What they compare with is not in an installed package."""


def program() -> str:
    """What was called: collect.py of a checkout, or pipebench, which an installed package has."""
    return INSTALLED if Path(sys.argv[0]).stem == INSTALLED else COLLECT


def commands_of(called: str) -> dict[str, str]:
    """The commands of one of the two programs, and what each does."""
    left_out = OF_A_CHECKOUT if called == INSTALLED else ()
    return {name: does for name, does in COMMANDS.items() if name not in left_out}


def names_of(name: str, called: str) -> list[str]:
    """The names of a command, first the one in the pages of the program."""
    names = [name, *(other for other, meant in OTHER_NAMES.items() if meant == name)]
    return names[::-1] if called == INSTALLED else names


def misspelt(words: Sequence[str], called: str) -> str | None:
    """A sentence if the first word is neither a command nor a path that exists, nor looks like one.

    words: what was typed behind the program.
    """
    known = [*commands_of(called), *OTHER_NAMES]
    if not words or words[0] in known or words[0].startswith("-"):
        return None
    word, *rest = words
    if Path(word).exists() or "/" in word:
        return None
    near = get_close_matches(word, known, n=1)
    operands = [other for other in rest if not other.startswith("-")]
    if not near and not operands:
        return None  # the folder of a run, which is not there
    advice = f"did you mean {near[0]}?" if near else f"choose from {', '.join(sorted(known))}"
    return f"{word} is not a command; {advice}"
