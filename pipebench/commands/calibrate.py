"""collect.py calibrate: a run of servers whose truth is known, beside the expected results."""

import argparse
from pathlib import Path

from pipebench.alone.status import Status
from pipebench.chapters import calibration
from pipebench.commands.shared import ROOT, fail, folder_argument, not_written, put, say, shown
from pipebench.documents.declared import listed
from pipebench.record.schema import RunError
from pipebench.run.judge import judge_run
from pipebench.show import report

PLANS = tuple(
    f"plans/{name}.yml" for name in ("calibrate", "calibrate_answers", "calibrate_connections")
)
"""Of servers whose truth is known."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    folder_argument(parser)
    parser.add_argument(
        "--expected",
        type=Path,
        default=ROOT / "tests" / "calibration" / "expected.yml",
        help="the results that each server must have (default: tests/calibration/expected.yml)",
    )


def run(arguments: argparse.Namespace) -> int:
    folder: Path = arguments.folder
    try:
        expected = calibration.read_expected(arguments.expected)
        judged_run = judge_run(folder)
        servers = calibration.check_servers(judged_run, expected)
        if not servers:
            return fail(
                Status.REFUSED,
                f"{folder} has no server of {listed(PLANS, 'or')}; calibrate "
                "requires a run of one of these plans",
            )
        text = calibration.markdown(judged_run.run.run_id, servers)
        report.write(folder, {"calibration.md": text})
    except (RunError, calibration.ExpectedError) as error:
        return fail(Status.REFUSED, str(error))
    except OSError as error:
        return not_written(folder, error)
    say(report.problems(judged_run))
    put(calibration.terminal(servers))
    print(f"Report: {shown(folder / 'calibration.md')}")
    return Status.NOT_WHOLE if any(one.wrong for one in servers) else Status.DONE
