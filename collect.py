#!/usr/bin/env python3
"""Judge a run and write its tables and its report: ./collect.py results/RUN."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent
NEEDED = ("pandas", "jinja2", "markdown_it")

RENDERED, NOT_WHOLE, NO_RUN, NOT_WRITTEN, NO_ENVIRONMENT = 0, 1, 2, 3, 4


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
        "report.md and report.html into its folder. Needs no hosts, and may be run again at any "
        "time, also while the run goes on.",
        usage="collect.py [render | calibrate] RESULTS/RUN",
        epilog="Exit status: 0 rendered; 1 rendered, but the run is not whole (stderr says what "
        "is missing or invalid); 2 the folder is no run; 3 the outputs could not be written; "
        "4 no environment. A framework's failure is a result, and no fault of the run. "
        "calibrate: 0 all as expected; 1 not; else the same.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (describe, call, add_arguments) in COMMANDS.items():
        command = commands.add_parser(name, help=describe, description=describe)
        add_arguments(command)
        command.set_defaults(call=call)
    return parser


def _render_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="RESULTS/RUN", type=Path, help="the folder of a run")


def _render(arguments: argparse.Namespace) -> int:
    from analysis.records import RunError  # noqa: PLC0415 (needs the environment)
    from analysis.report import collect  # noqa: PLC0415

    folder: Path = arguments.folder
    try:
        rendered = collect(folder)
    except RunError as error:
        return _fail(NO_RUN, str(error))
    except OSError as error:
        return _fail(NOT_WRITTEN, f"{folder} cannot be written to: {error.strerror or error}")
    for problem in [*rendered.problems, *rendered.remarks]:
        print(f"collect.py: {problem}", file=sys.stderr)
    sys.stderr.flush()
    if rendered.terminal:
        print(rendered.terminal)
    print(f"Report: {_shown(folder / 'report.html')} (the same as Markdown: report.md)")
    return NOT_WHOLE if rendered.problems else RENDERED


def _calibrate_arguments(parser: argparse.ArgumentParser) -> None:
    _render_arguments(parser)
    parser.add_argument(
        "--expected",
        type=Path,
        default=ROOT / "tests" / "calibration" / "expected.yml",
        help="what must be seen of each server (default: tests/calibration/expected.yml)",
    )


def _calibrate(arguments: argparse.Namespace) -> int:
    from analysis import calibration, report  # noqa: PLC0415 (they need the environment)
    from analysis.judge import judge_run  # noqa: PLC0415
    from analysis.records import RunError  # noqa: PLC0415

    folder: Path = arguments.folder
    try:
        expected = calibration.read_expected(arguments.expected)
        judgement = judge_run(folder)
        found = calibration.compare(judgement, expected)
        if not found:
            return _fail(NO_RUN, f"{folder} measured no server that something is expected of")
        text = calibration.markdown(judgement.run.run_id, found)
        report.write(folder, {"calibration.md": text})
    except (RunError, calibration.ExpectedError) as error:
        return _fail(NO_RUN, str(error))
    except OSError as error:
        return _fail(NOT_WRITTEN, f"{folder} cannot be written to: {error.strerror or error}")
    for problem in report.problems(judgement):
        print(f"collect.py: {problem}", file=sys.stderr)
    print(calibration.terminal(found))
    print(f"Report: {_shown(folder / 'calibration.md')}")
    return NOT_WHOLE if any(one.wrong for one in found) else RENDERED


def _shown(path: Path) -> Path:
    """The path as one may type it here."""
    full = path.resolve()
    return full.relative_to(Path.cwd()) if full.is_relative_to(Path.cwd()) else full


def _fail(status: int, sentence: str) -> int:
    print(f"collect.py: {sentence}", file=sys.stderr)
    return status


Command = tuple[str, Callable[[argparse.Namespace], int], Callable[[argparse.ArgumentParser], None]]

COMMANDS: dict[str, Command] = {
    "render": ("judge one run and write its outputs", _render, _render_arguments),
    "calibrate": (
        "compare a run of plans/calibrate.yml with what its servers are known to do",
        _calibrate,
        _calibrate_arguments,
    ),
}


def enter_environment() -> None:
    """Go on in the project's own environment where this interpreter lacks what is needed."""
    if all(find_spec(name) for name in NEEDED):
        return
    python = ROOT / ".venv" / "bin" / "python"
    if python.exists() and Path(sys.prefix) != ROOT / ".venv":
        os.execv(python, [str(python), str(ROOT / "collect.py"), *sys.argv[1:]])  # noqa: S606
    sys.exit(
        _fail(
            NO_ENVIRONMENT,
            f"{', '.join(NEEDED[:-1])} and {NEEDED[-1]} are missing. ./bench makes the environment "
            "that has them; without it: python3 -m venv .venv && "
            ".venv/bin/pip install --require-hashes -r requirements.txt",
        )
    )


if __name__ == "__main__":
    enter_environment()
    sys.exit(main(sys.argv[1:]))
