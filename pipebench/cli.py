"""The command line of collect.py: render, compare, list, calibrate.

Also: ./collect.py compare RUN RUN..., ./collect.py list, ./collect.py calibrate results/RUN.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

RENDERED, NOT_WHOLE, NO_RUN, NOT_WRITTEN = 0, 1, 2, 3


def main(argv: Sequence[str]) -> int:
    """Run one command; returns the exit status."""
    arguments = _parser().parse_args(_with_command(argv))
    command: Callable[[argparse.Namespace], int] = arguments.call
    return command(arguments)


def _with_command(argv: Sequence[str]) -> list[str]:
    """A folder alone means `render`; one that is called like a command is written ./NAME."""
    if argv and argv[0] not in COMMANDS and not argv[0].startswith("-"):
        return ["render", *argv]
    return list(argv)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="collect.py",
        description="Judge a run by its raw records, and write results.csv, summary.csv, "
        "report.md, report.html and charts/ into its folder. Needs no hosts, and may be run again "
        "at any time, also while the run goes on.",
        usage="collect.py [render] RESULTS/RUN | compare RUN RUN... | list | calibrate RESULTS/RUN",
        epilog="Exit status: 0 rendered; 1 rendered, but the run is not whole (stderr says what "
        "is missing or invalid); 2 the folder is no run; 3 the outputs could not be written; "
        "4 no environment. A framework's failure is a result, and no fault of the run. "
        "calibrate: 0 all as expected; 1 not; else the same. compare, list: see their --help.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (describe, call, add_arguments) in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=describe,
            description=describe,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        add_arguments(command)
        command.set_defaults(call=call)
    return parser


def _render_arguments(parser: argparse.ArgumentParser) -> None:
    _folder_argument(parser)
    parser.add_argument(
        "--prices",
        metavar="FILE",
        type=Path,
        help="what the hosts cost (docs/prices.example.yml); kept in the run's folder as "
        "prices.yml, which is what is read",
    )


def _folder_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="RESULTS/RUN", type=Path, help="the folder of a run")


def _render(arguments: argparse.Namespace) -> int:
    from pipebench.record import prices  # noqa: PLC0415 (a command loads only what it uses)
    from pipebench.record.run import load_run  # noqa: PLC0415
    from pipebench.record.schema import RunError  # noqa: PLC0415
    from pipebench.show.report import collect  # noqa: PLC0415

    folder: Path = arguments.folder
    not_kept: list[str] = []
    try:
        if arguments.prices:
            not_kept = prices.keep(arguments.prices, load_run(folder))
        rendered = collect(folder)
    except RunError as error:
        return _fail(NO_RUN, str(error))
    except OSError as error:
        return _fail(NOT_WRITTEN, f"{folder} cannot be written to: {error.strerror or error}")
    _say([*not_kept, *rendered.problems, *rendered.remarks])
    if rendered.terminal:
        print(rendered.terminal)
    print(f"Report: {_shown(folder / 'report.html')} (the same as Markdown: report.md)")
    no_file = arguments.prices and not arguments.prices.is_file()
    return NOT_WHOLE if rendered.problems or no_file else RENDERED


def _compare_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = COMPARE_EPILOG
    parser.add_argument("folders", metavar="RUN", type=Path, nargs="+", help="the base, and others")
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        type=Path,
        help="where compare.md, compare.csv and compare.html go; made if it is not there "
        "(default: compare-BASE-RUN beside the base)",
    )
    parser.add_argument(
        "--fail-if-slower",
        metavar="LOSS",
        type=_loss,
        help="a percentage: end with a status of its own where a framework lost so much of its "
        "requests/s, or where that cannot be told",
    )
    parser.add_argument(
        "--to-ceiling",
        action="store_true",
        help="let --fail-if-slower look at the share of the ceiling, not at requests/s: what the "
        "machine lost between the runs is then no loss",
    )


def _loss(text: str) -> float:
    """A share from a percentage, for argparse."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?%", text.strip())
    if found and 0 < (percent := float(found[1])) < 100:
        return percent / 100
    raise argparse.ArgumentTypeError(
        f"{text!r} is no loss: write a percentage above 0 and below 100 with its sign, as in 5%"
    )


def _compare(arguments: argparse.Namespace) -> int:
    from pipebench.compare.gate import Status, gate  # noqa: PLC0415
    from pipebench.compare.runs import compare_runs  # noqa: PLC0415
    from pipebench.show import comparison  # noqa: PLC0415 (a command loads only what it uses)
    from pipebench.show.report import write  # noqa: PLC0415

    folders: list[Path] = arguments.folders
    if arguments.to_ceiling and arguments.fail_if_slower is None:
        return _fail(NO_RUN, "--to-ceiling says what --fail-if-slower looks at: give both")
    compared = compare_runs(folders)
    if len(folders) == 1:
        compared.not_compared.append(f"{folders[0]} alone has nothing to be compared with")
    found = None
    if arguments.fail_if_slower is not None:
        found = gate(compared, arguments.fail_if_slower, to_ceiling=arguments.to_ceiling)
    _say(compared.problems)
    if text := comparison.terminal(compared, found):
        print(text)
    if compared.pairs:
        output: Path = arguments.output or _beside(folders)
        try:
            output.mkdir(parents=True, exist_ok=True)
            write(output, comparison.files(compared, found))
        except OSError as error:
            return _fail(NOT_WRITTEN, f"{output} cannot be written to: {error.strerror or error}")
        print(f"Comparison: {_shown(output / 'compare.md')}")
    if found and found.status != Status.PASSED:
        return int(found.status)
    if not compared.pairs:
        return NO_RUN
    return NOT_WHOLE if compared.problems else RENDERED


def _beside(folders: Sequence[Path]) -> Path:
    """A folder beside the base's, named by those compared."""
    names = [folder.resolve().name for folder in folders]
    if len(names) > MOST_NAMED:
        names = [*names[: MOST_NAMED - 1], f"and-{len(names) - MOST_NAMED + 1}-more"]
    return folders[0].resolve().parent / "-".join(["compare", *names])


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Exit status: 0, also where there is no run; 2 there is no such folder."
    parser.add_argument(
        "results",
        metavar="RESULTS",
        type=Path,
        nargs="?",
        default=ROOT / "results",
        help="the folder of the runs (default: results/)",
    )


def _list(arguments: argparse.Namespace) -> int:
    from pipebench.record.schema import RunError  # noqa: PLC0415
    from pipebench.show import listing  # noqa: PLC0415 (a command loads only what it uses)

    try:
        found, broken = listing.runs(arguments.results)
    except RunError as error:
        return _fail(NO_RUN, str(error))
    if found:
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        print(listing.terminal(found, columns))
    else:
        print(f"There is no run in {_shown(arguments.results)} yet: ./bench makes one.")
    sys.stdout.flush()
    _say(broken)
    return RENDERED


def _calibrate_arguments(parser: argparse.ArgumentParser) -> None:
    _folder_argument(parser)
    parser.add_argument(
        "--expected",
        type=Path,
        default=ROOT / "tests" / "calibration" / "expected.yml",
        help="what must be seen of each server (default: tests/calibration/expected.yml)",
    )


def _calibrate(arguments: argparse.Namespace) -> int:
    from pipebench.chapters import calibration  # noqa: PLC0415
    from pipebench.record.schema import RunError  # noqa: PLC0415
    from pipebench.run.judge import judge_run  # noqa: PLC0415
    from pipebench.show import report  # noqa: PLC0415 (a command loads only what it uses)

    folder: Path = arguments.folder
    try:
        expected = calibration.read_expected(arguments.expected)
        judged_run = judge_run(folder)
        found = calibration.compare(judged_run, expected)
        if not found:
            return _fail(NO_RUN, f"{folder} measured no server that something is expected of")
        text = calibration.markdown(judged_run.run.run_id, found)
        report.write(folder, {"calibration.md": text})
    except (RunError, calibration.ExpectedError) as error:
        return _fail(NO_RUN, str(error))
    except OSError as error:
        return _fail(NOT_WRITTEN, f"{folder} cannot be written to: {error.strerror or error}")
    _say(report.problems(judged_run))
    print(calibration.terminal(found))
    print(f"Report: {_shown(folder / 'calibration.md')}")
    return NOT_WHOLE if any(one.wrong for one in found) else RENDERED


def _shown(path: Path) -> Path:
    """The path as one may type it here."""
    full = path.resolve()
    return full.relative_to(Path.cwd()) if full.is_relative_to(Path.cwd()) else full


def _say(sentences: Sequence[str]) -> None:
    for sentence in sentences:
        print(f"collect.py: {sentence}", file=sys.stderr)
    sys.stderr.flush()


def _fail(status: int, sentence: str) -> int:
    print(f"collect.py: {sentence}", file=sys.stderr)
    return status


Command = tuple[str, Callable[[argparse.Namespace], int], Callable[[argparse.ArgumentParser], None]]

MOST_NAMED = 4

COMPARE_EPILOG = """\
Exit status: 0 compared; 1 compared, but a run could not be, or is not whole (stderr says which and
why); 2 nothing could be compared; 3 the outputs could not be written; 4 no environment.

With --fail-if-slower, the weightiest of what was found of any framework that is ok in the base:
  10  slower: the interval of the ratio excludes 1, the ratio is beyond the noise floor, and
      below 1 - LOSS
  13  not comparable: not ok in the other run, or not in it, or no noise floor; or a run that
      could not be compared at all
  12  too few rounds: fewer than 6 in one of the runs
  11  too much variance: not slower, but the interval reaches below 1 - LOSS, so that such a
      loss is not excluded either
If there is none of these, the status is as without it. docs/comparing-runs.md says more.
"""

COMMANDS: dict[str, Command] = {
    "render": ("judge one run and write its outputs", _render, _render_arguments),
    "compare": ("compare the cells of runs with the first run's", _compare, _compare_arguments),
    "list": ("the runs that there are, newest first", _list, _list_arguments),
    "calibrate": (
        "compare a run of plans/calibrate.yml with what its servers are known to do",
        _calibrate,
        _calibrate_arguments,
    ),
}
