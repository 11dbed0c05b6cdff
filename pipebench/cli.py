"""The command line of collect.py and of pipebench: a command each in pipebench/commands/."""

import argparse
import gc
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from io import TextIOWrapper

from pipebench.commands.shared import COLLECT, CRASHED, INSTALLED, fail, program, put

COMMANDS = {
    "render": "judge one run and write its outputs",
    "show": "show one record: the execution, its results, the rules that it broke",
    "compare": "compare the cells of runs with the first run's, or the machines that they measured",
    "list": "list the runs, newest first",
    "export": "write one tidy file of one run or of many: CSV, Parquet, JSON or a spreadsheet",
    "pivot": "print one figure of the cells of runs as a table of two dimensions",
    "columns": "print docs/columns.md: what each column of the tables is",
    "calibrate": "compare a run of servers whose truth is known with what they do",
}
"""What each does; its module has `add_arguments` and `run`."""
OTHER_NAMES = {"report": "render"}
"""The first is what an installed package calls it, the second what collect.py does."""
OF_A_CHECKOUT = ("calibrate",)
"""What they compare with is not in an installed package."""

USAGE = {
    COLLECT: "collect.py [render] RESULTS/RUN | show RECORD | compare RUN RUN... | list |\n"
    "       export RUN... -o FILE | pivot RUN... | columns | calibrate RESULTS/RUN",
    INSTALLED: "pipebench report RESULTS/RUN | show RECORD | compare RUN RUN... | list |\n"
    "       export RUN... -o FILE | pivot RUN... | columns",
}


def pipebench() -> int:
    """The command of an installed package; returns the exit status."""
    gc.disable()  # a command keeps most of what it makes, until it ends
    return main(sys.argv[1:])


def main(argv: Sequence[str]) -> int:
    """Run one command; returns the exit status."""
    words = _with_command(argv)
    wanted = next((OTHER_NAMES.get(word, word) for word in words if word in _names()), "")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal of another encoding ends no command
            stream.reconfigure(errors="backslashreplace")
    arguments = _parser(wanted).parse_args(words)
    command: Callable[[argparse.Namespace], int] = arguments.call
    try:
        return command(arguments)
    except Exception as error:  # noqa: BLE001 (its 1 would say that all was written)
        put(traceback.format_exc(), sys.stderr)
        return fail(
            CRASHED,
            f"{wanted} crashed, which is a fault of this project: {type(error).__name__}: {error}",
        )


def _with_command(argv: Sequence[str]) -> list[str]:
    """A folder alone means `render`; one that is called like a command is written ./NAME."""
    if argv and argv[0] not in _names() and not argv[0].startswith("-"):
        return ["render", *argv]
    return list(argv)


def _names() -> list[str]:
    return [*_commands(), *OTHER_NAMES]


def _called(name: str) -> list[str]:
    """The names of a command, first the one in the pages of the program that was called."""
    names = [name, *(other for other, meant in OTHER_NAMES.items() if meant == name)]
    return names[::-1] if program() == INSTALLED else names


def _commands() -> dict[str, str]:
    """Those of the program that was called."""
    left_out = OF_A_CHECKOUT if program() == INSTALLED else ()
    return {name: does for name, does in COMMANDS.items() if name not in left_out}


def _parser(wanted: str) -> argparse.ArgumentParser:
    """wanted: the command whose arguments are read; only what it uses is loaded."""
    parser = argparse.ArgumentParser(
        prog=program(),
        description="Judge a run by its raw records, and write results.csv, summary.csv, "
        "report.md, report.html and charts/ into its folder. It needs no hosts, and can be "
        "repeated at any time, also while the run goes on.",
        usage=USAGE[program()],
        epilog="Exit status: 0 rendered; 1 rendered, but the run is not whole (stderr says what "
        "is missing or invalid); 2 the folder is not a run; 3 the outputs could not be written; "
        "4 no environment; 5 it crashed. A framework that fails is a result, not a fault of the "
        "run. The others: see their --help.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", prog=program())
    for name, describe in _commands().items():
        called, *others = _called(name)
        command = commands.add_parser(
            called,
            aliases=others,
            help=describe,
            description=describe,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == wanted:
            module = import_module(f"pipebench.commands.{name}")
            module.add_arguments(command)
            command.set_defaults(call=module.run)
    return parser
