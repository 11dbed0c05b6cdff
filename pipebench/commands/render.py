"""collect.py render: judge one run, and write its outputs into its folder."""

import argparse
from pathlib import Path

from pipebench.commands.shared import (
    NO_RUN,
    NOT_WHOLE,
    RENDERED,
    fail,
    folder_argument,
    not_written,
    put,
    say,
    shown,
)
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
        help="the prices of the hosts, as docs/prices.example.yml; copied to prices.yml in the "
        "run's folder, from where they are read",
    )


def run(arguments: argparse.Namespace) -> int:
    folder: Path = arguments.folder
    not_kept: list[str] = []
    try:
        if arguments.prices:
            not_kept = prices.keep(arguments.prices, load_run(folder))
        with drawer() as process:
            # here, as that process takes as long to start
            from pipebench.chapters import CHAPTERS  # noqa: PLC0415
            from pipebench.show.report import collect  # noqa: PLC0415

            rendered = collect(folder, CHAPTERS, process)
    except RunError as error:
        return fail(NO_RUN, str(error))
    except OSError as error:
        return not_written(folder, error)
    say([*not_kept, *rendered.problems, *rendered.remarks])
    if rendered.terminal:
        put(rendered.terminal)
    if COMPARISON in rendered.files:
        print(f"Comparison: {shown(folder / COMPARISON)}")
    print(f"Report: {shown(folder / 'report.html')} (the same as Markdown: report.md)")
    no_file = arguments.prices and not arguments.prices.is_file()
    return NOT_WHOLE if rendered.problems or no_file else RENDERED
