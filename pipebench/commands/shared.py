"""Shared parts of the commands: arguments and messages."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from pipebench.alone.commands import COLLECT, program
from pipebench.alone.status import Status
from pipebench.record.values import harmless, line

ROOT = Path(__file__).resolve().parents[2]


def folder_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        metavar="RESULTS/RUN",
        type=Path,
        help="the folder of a run, for example results/RUN",
    )


def json_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print plain JSON instead (docs/formats.md)"
    )


def results_folder() -> Path:
    """Where runs are if no folder is given: in the checkout, or here."""
    return ROOT / "results" if program() == COLLECT else Path("results")


def shown(path: Path) -> str:
    """The path as one may type it here, if no name in it has what a terminal obeys."""
    full = path.resolve()
    return line(str(full.relative_to(Path.cwd()) if full.is_relative_to(Path.cwd()) else full))


def put(text: str, file: TextIO | None = None) -> None:
    """Print a text, of which strangers may have written a part. file: None is standard output."""
    print(harmless(text), file=file)


def say(sentences: Sequence[str]) -> None:
    for sentence in sentences:
        put(f"{program()}: {line(sentence)}", sys.stderr)
    sys.stderr.flush()


def fail(status: Status, sentence: str) -> Status:
    """Say why a command ended so; returns the status."""
    say([sentence])
    return status


def not_written(folder: Path, error: OSError, advice: str = "") -> Status:
    return fail(
        Status.NOT_WRITTEN, f"{folder} cannot be written to: {error.strerror or error}{advice}"
    )
