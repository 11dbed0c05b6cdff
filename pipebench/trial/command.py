"""`./bench try FOLDER`: start one framework on loopback, probe it, say what is right and wrong."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pipebench.alone.parser import LineParser
from pipebench.alone.status import Status, epilog
from pipebench.documents.declared import listed
from pipebench.harness.execution import SERVER_PATIENCE_S
from pipebench.plan.errors import PlanError
from pipebench.plan.own_names import own_names
from pipebench.plan.project import ROOT
from pipebench.record.values import harmless, line
from pipebench.show.layout import wrapped
from pipebench.show.record_others import cases_in_words
from pipebench.trial.advice import advice
from pipebench.trial.choice import chosen
from pipebench.trial.deployed import Deployed, deploy
from pipebench.trial.error import NotHereError, TrialError
from pipebench.trial.interpreters import interpreter_here
from pipebench.trial.serving import ADDRESS, END_S, Serving, serving

CACHE = Path.home() / ".cache" / "async-pipeline-bench" / "try"
LOG_LINES = 15
DEPTH = 16
"""As the probe's own."""
MOST = 1024
"""The bound of bench_depths."""


def parser() -> argparse.ArgumentParser:
    made = LineParser(
        prog="./bench try",
        description="Start one framework on this computer as its unit would, on loopback, and "
        "probe it (docs/probe.md). It needs no lab, no hosts and no root. Nothing is measured.",
        epilog=epilog("bench try"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument(
        "folder",
        metavar="FOLDER",
        help="the folder of a framework, for example servers/aiohttp, or a name: aiohttp@2017",
    )
    made.add_argument(
        "--workers", metavar="N", type=_number, default=1, help="its processes (default 1)"
    )
    made.add_argument(
        "--depth", metavar="N", type=_number, default=DEPTH, help=f"of the probe (default {DEPTH})"
    )
    made.add_argument(
        "--patience",
        metavar="S",
        type=_number,
        default=SERVER_PATIENCE_S,
        help=f"seconds until it must answer (default {SERVER_PATIENCE_S}, as in a run)",
    )
    return made


def _number(text: str) -> int:
    if text.isdecimal() and 0 < int(text) <= MOST:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MOST}")


def main(argv: Sequence[str]) -> int:
    """Try one framework; returns the exit status."""
    given = parser().parse_args(argv)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        about = chosen(given.folder, ROOT)
    except PlanError as error:
        for sentence in error.sentences:
            _say(sentence)
        return Status.REFUSED
    with tempfile.TemporaryDirectory(prefix="pipeline-bench-try-") as temporary:
        place = Path(temporary)
        try:
            print(f"Making the environment of {given.folder} ...", flush=True)
            deployed = deploy(about, place / "framework", CACHE, interpreter_here)
            with serving(deployed, place, given.workers) as server:
                return _tried(server, given.depth, given.patience)
        except NotHereError as error:
            return _failed(error, Status.REFUSED)
        except TrialError as error:
            return _failed(error, Status.NOT_WHOLE)
        except KeyboardInterrupt:
            print()
            return Status.INTERRUPTED


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _tried(server: Serving, depth: int, patience: float) -> int:
    """Probe a server that was started, end it, and print how it went. Raises TrialError."""
    name = server.deployed.name
    ready_s = server.ready(patience)
    print(f"{name} answers after {ready_s:.2f} s, at {ADDRESS}, port {server.port}.", flush=True)
    wider, written = server.wider(), server.log.splitlines()
    seen = server.probe(depth)
    server.end()
    if seen.error:
        raise server.error(f"answered, and then could not be probed: {seen.error}")
    print(f"\n{cases_in_words(seen.cases)}\n")
    for remark in _remarks(server, [str(one.address) for one in wider], written):
        print(wrapped(remark))
    wrong = [case for case in seen.cases if case.relied_on and case.conforms is not True]
    if server.ended_early is None and not wrong:
        print(wrapped(f"Right: {name} does all that a measurement relies on."))
        print(f"To measure it: {_command(server.deployed)}")
        return Status.DONE
    if wrong:
        names = listed(case.name for case in wrong)
        print(wrapped(f"Not right: a measurement of {name} relies on {names}."))
        for one in advice(wrong):
            print(wrapped(one, "- To do: ", "  "))
    else:
        print(wrapped(f"Not right: {name} {server.how_it_ended} while it was probed."))
    _print_log(server.log)
    return Status.NOT_WHOLE


def _remarks(server: Serving, wider: Sequence[str], written: Sequence[str]) -> list[str]:
    """What is not as it should be, and stops no measurement. written: to its log, by the time when
    it was ready: what the bad requests of a probe cause there says nothing.
    """
    name = server.deployed.name
    remarks = []
    if wider:
        where = f"it should listen at BENCH_ADDRESS ({ADDRESS}) only"
        remarks.append(f"{name} listens at {listed(wider)}; {where}.")
    if server.end_s is None:
        remarks.append(
            f"{name} did not end within {END_S} s after SIGTERM; its unit kills it then."
        )
    if written:
        remarks.append(f"{name} wrote to its log before it was probed: {written[-1]}")
    return [f"Remark: {remark}" for remark in remarks]


def _command(deployed: Deployed) -> str:
    """What measures it in the lab, beside nothing else."""
    about = deployed.about
    top = Path(about.path).parent
    words = f"./bench -e bench_frameworks={deployed.name} -e @plans/quick.yml"
    usual = own_names(ROOT).frameworks & {"servers", "fasthttp"}
    if {Path(about.path), top} & {ROOT / name for name in usual}:
        return words
    folders = json.dumps({"bench_framework_dirs": [*sorted(usual), about.path]})
    return f"{words} -e {shlex.quote(folders)}"


def _failed(error: TrialError, status: Status) -> Status:
    _say(f"{error}.")
    if error.log is not None:
        _print_log(error.log)
    return status


def _print_log(log: str) -> None:
    """The end of what a server or a program wrote."""
    lines = harmless(log).rstrip().splitlines()
    if not lines:
        print("It wrote nothing.")
        return
    cut = f", the last {LOG_LINES} of {len(lines)} lines" if len(lines) > LOG_LINES else ""
    print(f"What it wrote{cut}:")
    for one in lines[-LOG_LINES:]:
        print(f"  {one}")


def _say(sentence: str) -> None:
    sys.stdout.flush()
    print(f"bench: {line(sentence)}", file=sys.stderr, flush=True)
