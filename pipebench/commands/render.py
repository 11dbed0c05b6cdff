"""collect.py render: judge one run, and write its outputs into its folder, or into another."""

import argparse
import os
from pathlib import Path

from pipebench.alone.status import Status
from pipebench.commands.shared import fail, folder_argument, not_written, put, say, shown
from pipebench.record.run_record import load_run
from pipebench.record.schema import RunError
from pipebench.run import prices
from pipebench.show.charts.drawer import drawer

COMPARISON = "compare.md"
"""Of a run that measures again what an earlier run measured."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    folder_argument(parser)
    parser.add_argument(
        "--prices",
        metavar="FILE",
        type=Path,
        help="the prices of the hosts, for example docs/prices.example.yml; copied to prices.yml "
        "in the folder of the report, from where they are read",
    )
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        type=Path,
        help="write into this folder, and only read the run's; it must be new or empty",
    )
    parser.add_argument(
        "--force", action="store_true", help="with --output: replace what has the same name in it"
    )


def run(arguments: argparse.Namespace) -> int:
    folder: Path = arguments.folder
    output: Path = arguments.output or folder
    not_kept: list[str] = []
    try:
        if arguments.output and not arguments.force and _is_taken(output):
            return fail(
                Status.NOT_WRITTEN,
                f"{output} is not empty; name a new folder, or add --force, which replaces "
                "what has the same name in it",
            )
        if arguments.prices:
            not_kept = prices.keep(arguments.prices, load_run(folder), output)
        with drawer() as process:
            # here, as that process takes as long to start
            from pipebench.chapters import CHAPTERS  # noqa: PLC0415
            from pipebench.show.report import collect  # noqa: PLC0415

            rendered = collect(folder, CHAPTERS, process, output)
    except RunError as error:
        return fail(Status.REFUSED, str(error))
    except OSError as error:
        advice = "" if arguments.output else "; --output FOLDER writes to another"
        return not_written(output, error, advice)
    say([*not_kept, *rendered.problems, *rendered.remarks])
    if rendered.terminal:
        put(rendered.terminal)
    if COMPARISON in rendered.files:
        print(f"Comparison: {shown(output / COMPARISON)}")
    print(f"Report: {shown(output / 'report.html')} (the same as Markdown: report.md)")
    no_file = arguments.prices and not arguments.prices.is_file()
    return Status.NOT_WHOLE if rendered.problems or no_file else Status.DONE


def _is_taken(output: Path) -> bool:
    """Whether something is in a folder. OSError: it is not a folder, or cannot be looked into."""
    return output.exists() and any(os.scandir(output))
