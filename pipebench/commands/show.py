"""collect.py show: one record, for a person."""

import argparse
from pathlib import Path

from pipebench.commands.shared import NO_RUN, RENDERED, fail, put
from pipebench.record.schema import RecordError
from pipebench.show.record import show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Exit status: 0 shown; 2 the file is not a record that can be used; 5 it crashed."
    )
    parser.add_argument(
        "record",
        metavar="RECORD",
        type=Path,
        help="a file in raw/, probe/, crosscheck/ or baseline/ of a run",
    )


def run(arguments: argparse.Namespace) -> int:
    try:
        put(show(arguments.record))
    except RecordError as error:
        return fail(NO_RUN, str(error))
    return RENDERED
