"""The command line of collect.py and of pipebench: a command each in pipebench/commands/."""

import argparse
import gc
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from io import TextIOWrapper

from pipebench.alone.commands import OTHER_NAMES, commands_of, misspelt, program
from pipebench.alone.status import Status
from pipebench.commands.parsers import parser


def pipebench() -> int:
    """The command of an installed package; returns the exit status."""
    gc.disable()  # a command keeps most of what it makes, until it ends
    return main(sys.argv[1:])


def main(argv: Sequence[str], enter: Callable[[], None] = lambda: None) -> int:
    """Run one command; returns the exit status.

    enter: called before anything is imported that the standard library does not have.
    """
    if sentence := misspelt(argv, program()):
        print(f"{program()}: {sentence}", file=sys.stderr)
        return Status.REFUSED
    words = _with_command(argv)
    wanted = next((OTHER_NAMES.get(word, word) for word in words if word in _names()), "")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal of another encoding ends no command
            stream.reconfigure(errors="backslashreplace")
    if wanted:
        enter()
    arguments = parser(program(), [wanted]).parse_args(words)
    command: Callable[[argparse.Namespace], int] = arguments.call
    try:
        status = command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # who reads has enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Status.DONE
    except Exception as error:  # noqa: BLE001 (its 1 would say that all was written)
        from pipebench.commands.shared import fail, put  # noqa: PLC0415 (not of the standard library)

        put(traceback.format_exc(), sys.stderr)
        return fail(
            Status.CRASHED,
            f"{wanted} crashed, which is a fault of this project: {type(error).__name__}: {error}",
        )
    return status


def _with_command(argv: Sequence[str]) -> list[str]:
    """A folder alone means `render`; one that is called like a command is written ./NAME."""
    if argv and argv[0] not in _names() and not argv[0].startswith("-"):
        return ["render", *argv]
    return list(argv)


def _names() -> list[str]:
    return [*commands_of(program()), *OTHER_NAMES]
