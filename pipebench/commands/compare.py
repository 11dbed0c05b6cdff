"""collect.py compare: the cells of runs against the first run's, and the gate."""

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipebench.alone.status import Status
from pipebench.commands.shared import fail, not_written, put, say, shown
from pipebench.compare.gate import gate
from pipebench.compare.judged_side import JudgedSide
from pipebench.compare.machines import compare_machines_of
from pipebench.compare.runs import compare_runs, different_sides
from pipebench.record.values import line
from pipebench.show import as_json, comparison, comparison_json, fleet
from pipebench.show.report import write
from pipebench.stats.estimate import LEAST_ROUNDS

MOST_NAMED = 4
LEAST_RUNS = 2

EPILOG = f"""\
With --fail-if-slower, the first of these that is true of any framework that is ok in the base:
  {Status.SLOWER:d}  slower: the interval of the ratio excludes 1, the ratio is beyond the
      noise floor, and below 1 - LOSS
  {Status.NOT_COMPARABLE:d}  not comparable: not ok in the other run, or not in it, or no noise
      floor; or a run that could not be compared at all
  {Status.TOO_FEW_ROUNDS:d}  too few rounds: fewer than {LEAST_ROUNDS} in one of the runs
  {Status.TOO_MUCH_VARIANCE:d}  too much variance: not slower, but the interval extends below
      1 - LOSS, so that such a loss is not excluded either
If none is true, the status is as without --fail-if-slower. docs/comparing-runs.md says more."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument(
        "folders",
        metavar="RUN",
        type=Path,
        nargs="+",
        help="the base run, and the runs to compare with it",
    )
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        type=Path,
        help="the folder for compare.md, compare.csv and compare.html; it is created if needed "
        "(default: compare-BASE-RUN beside the base)",
    )
    parser.add_argument(
        "--machines",
        action="store_true",
        help="compare the machines that the runs measured, and not the runs: testbeds of all runs "
        "with the same bench_machine are instances of one kind. Writes machines.md, machines.html, "
        "testbeds.csv and charts/ (default: machines-BASE-RUN beside the base)",
    )
    parser.add_argument(
        "--fail-if-slower",
        metavar="LOSS",
        type=_loss,
        help="a percentage, for example 5%%: exit with a status of 10 or more if a framework lost "
        "that share of its requests/s, or if that cannot be decided",
    )
    parser.add_argument(
        "--to-ceiling",
        action="store_true",
        help="let --fail-if-slower compare the share of the ceiling, not requests/s: if the "
        "machine became slower between the runs, that does not count as a loss",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print plain JSON instead (docs/formats.md), and write files only into --output",
    )


def _loss(text: str) -> float:
    """A share from a percentage, for argparse."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?%", text.strip())
    if match and 0 < (percent := float(match[1])) < 100:
        return percent / 100
    raise argparse.ArgumentTypeError(
        f"{text!r} is not a loss; "
        "LOSS requires a percentage above 0 and below 100 with its sign, for example 5%"
    )


def run(arguments: argparse.Namespace) -> int:
    if arguments.to_ceiling and arguments.fail_if_slower is None:
        return fail(Status.REFUSED, "--to-ceiling requires --fail-if-slower LOSS")
    if twice := _given_twice(arguments.folders):
        return fail(Status.REFUSED, f"{twice} was given twice; give two different runs")
    if not arguments.machines:
        return _runs(arguments)
    if arguments.fail_if_slower is not None:
        return fail(Status.REFUSED, "--fail-if-slower compares runs: use it without --machines")
    return _machines(arguments.folders, arguments.output, plain=arguments.json)


def _given_twice(folders: Sequence[Path]) -> Path | None:
    """The only run that was given, if it was given more than once."""
    alone = len(folders) > 1 and len({folder.resolve() for folder in folders}) == 1
    return folders[0] if alone and folders[0].is_dir() else None


def _runs(arguments: argparse.Namespace) -> int:
    """Each run against the first."""
    folders: list[Path] = arguments.folders
    compared = compare_runs(folders)
    if len(folders) == 1:
        compared.not_compared.append(f"{folders[0]} is the only run; compare requires two")
    decision = None
    if arguments.fail_if_slower is not None:
        decision = gate(compared, arguments.fail_if_slower, to_ceiling=arguments.to_ceiling)
    say(compared.problems)
    if arguments.json:
        put(as_json.text(comparison_json.compared(compared, decision)))
    elif text := comparison.terminal(compared, decision):
        put(text)
    if compared.pairs and (arguments.output or not arguments.json):
        output: Path = arguments.output or _beside(folders)
        try:
            output.mkdir(parents=True, exist_ok=True)
            write(output, comparison.files(compared, decision))
        except OSError as error:
            return not_written(output, error)
        if not arguments.json:
            print(f"Comparison: {shown(output / 'compare.md')}")
    if decision and decision.status != Status.DONE:
        return int(decision.status)
    if not compared.pairs:
        return Status.REFUSED
    return Status.NOT_WHOLE if compared.problems else Status.DONE


def _machines(folders: Sequence[Path], output: Path | None, *, plain: bool) -> int:
    """The machines of all runs that can be read."""
    sides: list[JudgedSide] = []
    refused: list[str] = []
    for read in different_sides(list(folders)):
        if isinstance(read, str):
            refused.append(read)
        else:
            sides.append(read)
    say([*refused, *(problem for side in sides for problem in side.problems)])
    if len(sides) < LEAST_RUNS:
        return fail(
            Status.REFUSED, "compare --machines requires two runs; one has it in its own report"
        )
    sides = _distinct(sides)
    made = fleet.render(sides)
    if made.empty:
        return fail(
            Status.REFUSED, "no framework is ok on two kinds of machines: nothing can be compared"
        )
    say(made.problems)
    whole = not refused and not any(side.problems for side in sides) and not made.problems
    status = Status.DONE if whole else Status.NOT_WHOLE
    if plain:
        rows = compare_machines_of(sides)[0].rows
        put(as_json.text(comparison_json.machines(rows, [*refused, *made.problems])))
        if not output:
            return status
    else:
        put(made.terminal)
    output = output or _beside(folders, "machines")
    try:
        output.mkdir(parents=True, exist_ok=True)
        write(output, made.files)
    except OSError as error:
        return not_written(output, error)
    if not plain:
        print(f"Comparison: {shown(output / 'machines.html')}")
    return status


def _distinct(sides: Sequence[JudgedSide]) -> list[JudgedSide]:
    """Runs of one id are named by their folders."""
    counts = Counter(side.name for side in sides)
    return [
        replace(side, name=line(str(side.folder))) if counts[side.name] > 1 else side
        for side in sides
    ]


def _beside(folders: Sequence[Path], word: str = "compare") -> Path:
    """A folder beside the base's, named by those compared."""
    names = [folder.resolve().name for folder in folders]
    if len(names) > MOST_NAMED:
        names = [*names[: MOST_NAMED - 1], f"and-{len(names) - MOST_NAMED + 1}-more"]
    return folders[0].resolve().parent / "-".join([word, *names])
