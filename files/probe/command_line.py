"""The command line: what is probed, and what is printed."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path

from cases import CASES
from probing import run_probe
from target import ALL_TIMEOUTS, CASE_TIMEOUTS

# As deep as a run may measure: the bound of bench_depths.
DEEPEST = 1024


def number(low: float, high: float, kind: Callable[[str], float] = int) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            name = "whole number" if kind is int else "number"
            raise argparse.ArgumentTypeError(f"{text!r} is not a {name} from {low:g} to {high:g}")
        return value

    return read


def parser() -> argparse.ArgumentParser:
    total = ALL_TIMEOUTS * 2
    words = argparse.ArgumentParser(
        description="Probe whether a server answers pipelined HTTP/1.1 requests: all of them, in"
        " order, with the right bodies, and what it does at awkward places. It is expected to"
        " answer GET / with 200, text/plain, `Hello world!`, and any other path with 404."
        " Some cases are malformed on purpose: probe only servers that are yours.",
        epilog=f"A case ends when the server is silent for --timeout, or after {CASE_TIMEOUTS}"
        f" times that; the whole probe after {ALL_TIMEOUTS} times that ({total} s by default)."
        " Exit status: 0 if all that a pipelined measurement relies on holds, 1 if not,"
        " 2 if the command is wrong or nothing can be reached. Cases: "
        + ", ".join(case.name for case in CASES)
        + ".",
    )
    words.add_argument("address", metavar="ADDRESS", help="IPv4, IPv6 or a name")
    words.add_argument("port", metavar="PORT", type=number(1, 65_535))
    words.add_argument(
        "--depth",
        metavar="N",
        type=number(1, DEEPEST),
        default=16,
        help=f"the largest depth that will be measured, 1 to {DEEPEST} (default 16)",
    )
    words.add_argument(
        "--timeout",
        metavar="S",
        type=number(0.05, 60, float),
        default=2.0,
        help="seconds of silence that end a case, 0.05 to 60 (default 2)",
    )
    words.add_argument(
        "--case",
        metavar="NAME",
        action="append",
        choices=[case.name for case in CASES],
        help="probe this case alone; may be given again",
    )
    words.add_argument(
        "--json",
        metavar="FILE",
        help="write the result there as JSON; with - to the standard output, without the table",
    )
    return words


def main(argv: list[str] | None = None) -> int:
    options = parser().parse_args(argv)
    report = run_probe(options.address, options.port, options.depth, options.timeout, options.case)
    if options.json == "-":
        sys.stdout.write(report.as_json())
        return report.exit_status()
    sys.stdout.write(report.as_text())
    if options.json:
        try:
            Path(options.json).write_text(report.as_json(), encoding="utf-8")
        except OSError as error:
            print(f"{options.json} cannot be written: {error.strerror}", file=sys.stderr)
            return 2
    return report.exit_status()
