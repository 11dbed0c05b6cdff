"""collect.py export: one tidy file of one run or of many."""

import argparse
from pathlib import Path

from pipebench.alone.status import Status
from pipebench.commands.shared import fail, say, shown

WHAT = ("measurements", "cells", "latencies", "samples", "connections", "hosts", "versions")
FORMATS = ("csv", "parquet", "json", "xlsx")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "places",
        metavar="RESULTS/RUN",
        nargs="+",
        help="folders of runs, folders of such folders, or patterns of them",
    )
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True)
    parser.add_argument(
        "--what", choices=WHAT, default="measurements", help="default: measurements"
    )
    parser.add_argument(
        "--format", choices=FORMATS, help="default: that of the file's name, for example .parquet"
    )
    parser.add_argument("--force", action="store_true", help="replace the file if it exists")
    parser.epilog = "docs/notebooks.md says what the tables have."


def run(arguments: argparse.Namespace) -> int:
    output: Path = arguments.output
    kind = arguments.format or output.suffix.removeprefix(".").lower()
    if problem := _not_written_to(output, kind, force=arguments.force):
        return fail(Status.NOT_WRITTEN, problem)

    from pipebench.api import load  # noqa: PLC0415 (pandas takes a while)
    from pipebench.frame import files  # noqa: PLC0415

    runs = load(*arguments.places)
    say(runs.problems)
    if not len(runs):
        return fail(Status.REFUSED, "no run could be read")
    units = dict(zip(runs.columns["name"], runs.columns["unit"], strict=True))
    frame = getattr(runs, arguments.what)
    try:
        files.write(frame, output, kind, units)
    except files.FormatError as error:
        return fail(Status.NOT_WRITTEN, str(error))
    except OSError as error:
        return fail(Status.NOT_WRITTEN, f"{output} cannot be written: {error.strerror or error}")
    size = f"{len(frame):,} rows of {len(frame.columns)} columns"
    print(f"{shown(output)}: {size}, from {len(runs)} run{'' if len(runs) == 1 else 's'}")
    return Status.NOT_WHOLE if runs.problems else Status.DONE


def _not_written_to(output: Path, kind: str, *, force: bool) -> str | None:
    """Why a file cannot be written, before anything is read."""
    if kind not in FORMATS:
        return f"{output} has none of the endings {', '.join(FORMATS)}; name a --format"
    if not output.parent.is_dir():
        return f"{output.parent} is not a folder; name a file in one"
    if not output.exists():
        return None
    if not output.is_file():
        return f"{output} is not a file; name one"
    return None if force else f"{output} exists already; --force replaces it"
