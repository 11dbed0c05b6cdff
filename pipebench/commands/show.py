"""collect.py show: one record, for a person."""

import argparse
from pathlib import Path

from pipebench.alone.status import Status
from pipebench.commands.shared import fail, json_argument, put
from pipebench.record.schema import RecordError
from pipebench.show.record import show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "record",
        metavar="RECORD",
        type=Path,
        help="a file in raw/, answers/, probe/, crosscheck/ or baseline/ of a run",
    )
    json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    try:
        put(show(arguments.record, plain=arguments.json))
    except RecordError as error:
        return fail(Status.REFUSED, str(error))
    return Status.DONE
