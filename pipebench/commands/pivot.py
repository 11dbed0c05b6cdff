"""collect.py pivot: one figure of the cells of runs, as a table of two dimensions."""

import argparse

from pipebench.alone.status import Status
from pipebench.commands.shared import fail, put, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "places",
        metavar="RESULTS/RUN",
        nargs="+",
        help="folders of runs, folders of such folders, or patterns of them",
    )
    parser.add_argument("--rows", metavar="COLUMN[,COLUMN]", default="framework")
    parser.add_argument("--columns", metavar="COLUMN[,COLUMN]", default="")
    parser.add_argument("--values", metavar="FIGURE", default="requests_per_s")
    parser.add_argument(
        "--ratio-to",
        metavar="NAME",
        help="in place of the values their ratio, within the round, to those of this framework; or "
        "of the ceiling, of the reference, of the plain framework (of a variant)",
    )
    parser.add_argument(
        "--where", metavar="COLUMN=VALUE", action="append", default=[], help="of these cells alone"
    )
    parser.add_argument("--markdown", action="store_true", help="as a table of Markdown")
    parser.epilog = "The columns are those of summary.csv (docs/columns.md)."


def run(arguments: argparse.Namespace) -> int:
    from pipebench.api import load  # noqa: PLC0415 (pandas takes a while)
    from pipebench.frame import pivot  # noqa: PLC0415
    from pipebench.frame.ratios import RatioError  # noqa: PLC0415

    runs = load(*arguments.places)
    say(runs.problems)
    if not len(runs):
        return fail(Status.REFUSED, "no run could be read")
    asked = pivot.Asked(
        rows=_names(arguments.rows),
        columns=_names(arguments.columns),
        figure=arguments.values,
        where=arguments.where,
    )
    try:
        cells = runs.cells
        if arguments.ratio_to is not None:
            ratios = runs.ratios(arguments.ratio_to, of=asked.figure)
            cells = pivot.with_ratios(cells, ratios, asked.figure)
        table = pivot.pivoted(cells, asked)
        if arguments.ratio_to is not None:
            table = table.rename(columns={asked.figure: f"{asked.figure} to {arguments.ratio_to}"})
    except (pivot.PivotError, RatioError) as error:
        return fail(Status.REFUSED, str(error))
    put(pivot.markdown(table) if arguments.markdown else pivot.aligned(table))
    return Status.NOT_WHOLE if runs.problems else Status.DONE


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]
