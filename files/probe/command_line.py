"""The command line: what is probed, and what is printed."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path

import one_file
from cases import CASES, as_table
from probing import run_probe
from report import Report
from request import Contract
from target import ALL_TIMEOUTS, CASE_TIMEOUTS, Order

# As deep as a run may measure: the bound of bench_depths.
DEEPEST = 1024
TIMEOUT_S = 2.0


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


def path(text: str) -> str:
    if text.startswith("/") and text.isascii() and text.isprintable() and " " not in text:
        return text
    raise argparse.ArgumentTypeError(
        f"{text!r} is not a path: it must begin with / and have no spaces, and only ASCII"
    )


class Print(argparse.Action):
    """An option that prints something and ends; `const` makes it."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        sys.stdout.write(self.const())
        parser.exit()


class Save(argparse.Action):
    """An option that writes the probe to a file and ends."""

    def __call__(
        self, parser: argparse.ArgumentParser, _namespace: object, value: object, *_: object
    ) -> None:
        try:
            one_file.write(Path(str(value)))
        except OSError as error:
            parser.error(f"{value} cannot be written: {error.strerror}")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(
        description="Probe whether a server answers pipelined HTTP/1.1 requests: all of them, in"
        " order, with the right bodies, and what it does at awkward places. It is expected to"
        " answer GET / with 200, text/plain, `Hello world!`, and any other path with 404; see"
        " --path and --any-body."
        " Some cases are malformed on purpose: probe only servers that are yours.",
        epilog=f"A case ends when the server is silent for --timeout, or after {CASE_TIMEOUTS}"
        f" times that; the whole probe after {ALL_TIMEOUTS} times that"
        f" ({ALL_TIMEOUTS * TIMEOUT_S:g} s by default)."
        " Exit status: 0 if all that a pipelined measurement relies on holds, 1 if not,"
        " 2 if the command is wrong or nothing can be reached. Cases: "
        + ", ".join(case.name for case in CASES)
        + ".",
        allow_abbrev=False,
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
        default=TIMEOUT_S,
        help=f"seconds of silence that end a case, 0.05 to 60 (default {TIMEOUT_S:g}); half as many"
        " end one on which no measurement relies",
    )
    words.add_argument(
        "--path", metavar="PATH", type=path, default="/", help="what is asked for (default /)"
    )
    words.add_argument(
        "--any-body",
        action="store_true",
        help="whatever the server answers to PATH, and to paths that it does not have, is right;"
        " their statuses should differ, or the order of answers cannot be seen",
    )
    words.add_argument(
        "--case",
        metavar="NAME",
        action="append",
        choices=[case.name for case in CASES],
        help="probe this case alone; may be given again",
    )
    words.add_argument(
        "--pid",
        metavar="PID",
        type=number(1, 2**31),
        help="the server's process, if it runs here: its memory is looked at",
    )
    words.add_argument(
        "--seed", metavar="N", type=number(0, 2**32), help="of what is drawn: that of another probe"
    )
    words.add_argument(
        "--json",
        metavar="FILE",
        help="write the result there as JSON; with - to the standard output, without the table",
    )
    words.add_argument(
        "--cases", action=Print, nargs=0, const=as_table, help="print what each case asks, and end"
    )
    words.add_argument(
        "--one-file", action=Save, metavar="FILE", help="write the probe as one file, and end"
    )
    return words


def main(argv: list[str] | None = None) -> int:
    given = parser().parse_args(argv)
    contract = Contract(path=given.path)
    report = run_probe(
        Order(
            given.address,
            given.port,
            given.depth,
            given.timeout,
            given.case or [],
            contract,
            any_answer=given.any_body,
            seed=given.seed,
            pid=given.pid,
        )
    )
    return printed(report, given.json)


def printed(report: Report, file: str | None) -> int:
    """Write the report where it is wanted; the exit status."""
    if file == "-":
        sys.stdout.write(report.as_json())
        return report.exit_status()
    sys.stdout.write(report.as_text())
    if file:
        try:
            Path(file).write_text(report.as_json(), encoding="utf-8")
        except OSError as error:
            print(f"{file} cannot be written: {error.strerror}", file=sys.stderr)
            return 2
    return report.exit_status()
