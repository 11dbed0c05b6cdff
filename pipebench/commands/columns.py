"""collect.py columns: docs/columns.md, from the same declarations as the tables."""

import argparse
from collections.abc import Sequence

from pipebench.alone.status import Status
from pipebench.chapters import crosscheck
from pipebench.compare import machine_columns
from pipebench.compare.columns import COLUMNS
from pipebench.run.columns import Column, Row
from pipebench.run.tables import RESULTS, SUMMARY
from pipebench.stats.estimate import LEAST_ROUNDS
from pipebench.tools import FIRST, first_tool, tools

HEAD = """\
# The columns

<!-- Made by collect.py columns from pipebench/run/figures.py; its output is this file. -->

`collect.py` makes tables from a run's raw records: [results.csv](#resultscsv), a row per
measurement; [summary.csv](#summarycsv), a row per cell; with a second load tool
[crosscheck.csv](#crosscheckcsv); with several testbeds [testbeds.csv](#testbedscsv); and from two
runs [compare.csv](#comparecsv).
[The method](method.md) explains the rules behind them.

All are CSV with a header line, in UTF-8, with `.` in numbers and no thousands separators. A column
has one unit, which is in its name (`_us` microseconds, `_s` seconds, `_bytes`, `_per_s` per
second; `_cores` is CPU seconds per second). **Empty means not measured**, never 0.
"""
RESULTS_HEAD = """\
A row per measurement, in the order of their execution. A record has no row if it is truncated,
empty, of an unknown schema version, the second one of a measurement, or contradicts itself; the
report and `collect.py`'s standard error name it.
"""
SUMMARY_HEAD = f"""\
A row per cell, scheduled or measured. Medians are over those rounds whose outcome is `ok` or
`degraded`: a failure is never a 0 in them. `low` and `high` bound the exact 95 % interval of the
median, by order statistics (6 to 8 rounds: the least and the greatest; 10: the 2nd and the 9th;
20: the 6th and the 15th), and are empty below {LEAST_ROUNDS} rounds.
"""
COMPARE_HEAD = f"""\
Made by `collect.py compare`: a row per cell of either run, for each run except the base.
[Comparing runs](comparing-runs.md) explains ratio and verdict. Columns that end in `_base` belong
to the base, those with the same name without it to the run. All ratios are of the run to the base;
`_low` and `_high` bound the 95 % interval of the ratio before them, and are empty if one of the
two has fewer than {LEAST_ROUNDS} rounds with that figure.
"""
TESTBEDS_HEAD = """\
Made if a run has several testbeds: a row per framework and kind of machine, and one for all
frameworks together. [Comparing machines](comparing-machines.md) explains kinds and verdicts.
"""
CROSSCHECK_HEAD = f"""\
Made if `bench_tools` names another load tool besides {FIRST} (`plans/crosscheck.yml`): a row \
per cell
and tool. Figures of both tools are medians over the rounds in which {FIRST}'s outcome is `ok` or
`degraded` and the other tool had no problem. Ratios are of the other tool to {FIRST} in the same
round; `_low` and `_high` bound the 95 % interval of their median as above. [The
method](method.md#cross-check) explains why these figures are compared.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Prints docs/columns.md: every column, its unit, how it is computed."


def run(_arguments: argparse.Namespace) -> int:
    print(page(), end="")
    return Status.DONE


def page() -> str:
    """docs/columns.md."""
    checkers = [tool for tool in tools().values() if tool.name != FIRST]
    return "\n".join(
        [
            HEAD,
            *_section("results.csv", RESULTS_HEAD, RESULTS),
            *_section("summary.csv", SUMMARY_HEAD, SUMMARY),
            *_section(
                "crosscheck.csv", CROSSCHECK_HEAD, crosscheck.columns(first_tool(), checkers)
            ),
            *_section("testbeds.csv", TESTBEDS_HEAD, machine_columns.COLUMNS),
            *_section("compare.csv", COMPARE_HEAD, COLUMNS),
        ]
    )


def _section(title: str, head: str, columns: Sequence[Column[Row]]) -> list[str]:
    return [
        f"## {title}",
        "",
        head,
        "| column | unit | how it is computed, and when it is empty |",
        "| --- | --- | --- |",
        *(f"| `{one.name}` |{_cell(one.unit)}|{_cell(one.explained)}|" for one in columns),
        "",
    ]


def _cell(text: str) -> str:
    return f" {text} " if text else " "
