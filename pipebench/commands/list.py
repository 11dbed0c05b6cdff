"""collect.py list: the runs in a folder."""

import argparse
import shutil
import sys
from pathlib import Path

from pipebench.alone.commands import COLLECT, program
from pipebench.alone.status import Status
from pipebench.commands.shared import fail, json_argument, put, results_folder, say, shown
from pipebench.record.schema import RunError
from pipebench.show import as_json, listing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "results",
        metavar="RESULTS",
        type=Path,
        nargs="?",
        default=results_folder(),
        help="the folder of the runs (default: results/)",
    )
    json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    try:
        runs, broken = listing.runs(arguments.results)
    except RunError as error:
        return fail(Status.REFUSED, str(error))
    if arguments.json:
        put(as_json.text(as_json.listed(runs, broken)))
    elif runs:
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        put(listing.terminal(runs, columns))
    else:
        hint = " yet; ./bench makes one" if program() == COLLECT else ""
        put(f"There are no runs in {shown(arguments.results)}{hint}.")
    sys.stdout.flush()
    say(broken)
    return Status.DONE
