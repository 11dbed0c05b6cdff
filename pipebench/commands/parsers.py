"""The parsers of collect.py and pipebench: without a command's arguments, of nothing but names."""

import argparse
from collections.abc import Sequence
from importlib import import_module

from pipebench.alone.commands import COLLECT, COMMANDS, INSTALLED, commands_of, names_of
from pipebench.alone.parser import LineParser
from pipebench.alone.status import epilog
from pipebench.alone.version import NAME, version

USAGE = {
    COLLECT: "collect.py [render] RESULTS/RUN | show RECORD | compare RUN RUN... | list |\n"
    "       export RUN... -o FILE | pivot RUN... | columns |\n"
    "       completion SHELL | calibrate RESULTS/RUN",
    INSTALLED: "pipebench report RESULTS/RUN | show RECORD | compare RUN RUN... | list |\n"
    "       export RUN... -o FILE | pivot RUN... | columns | completion SHELL",
}


def parser(called: str, wanted: Sequence[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """The parser of one of the two programs.

    wanted: the commands whose arguments are read; only what these use is loaded.
    """
    made = LineParser(
        prog=called,
        description="Judge a run by its raw records, and write results.csv, summary.csv, "
        "report.md, report.html and charts/ into its folder. It needs no hosts, and can be "
        "repeated at any time, also while the run goes on.",
        usage=USAGE[called],
        epilog=f"{epilog('render')} A framework that fails is a result, not a fault of the run.",
    )
    made.add_argument("--version", action="version", version=f"{NAME} {version()}")
    commands = made.add_subparsers(required=True, metavar="COMMAND", prog=called)
    for name, describe in commands_of(called).items():
        first, *others = names_of(name, called)
        command = commands.add_parser(
            first,
            aliases=others,
            help=describe,
            description=describe,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name in wanted:
            module = import_module(f"pipebench.commands.{name}")
            module.add_arguments(command)
            command.epilog = "\n\n".join(filter(None, [command.epilog, epilog(name)]))
            command.set_defaults(call=module.run)
    return made
