"""Shared parts of the commands: exit statuses and messages."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from pipebench.record.values import harmless, line

ROOT = Path(__file__).resolve().parents[2]
COLLECT, INSTALLED = "collect.py", "pipebench"

RENDERED, NOT_WHOLE, NO_RUN, NOT_WRITTEN, NO_ENVIRONMENT, CRASHED = range(6)


def folder_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", metavar="RESULTS/RUN", type=Path, help="the folder of a run, as results/RUN"
    )


def program() -> str:
    """What was called: collect.py of a checkout, or pipebench, which an installed package has."""
    return INSTALLED if Path(sys.argv[0]).stem == INSTALLED else COLLECT


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


def fail(status: int, sentence: str) -> int:
    say([sentence])
    return status


def not_written(folder: Path, error: OSError, advice: str = "") -> int:
    return fail(NOT_WRITTEN, f"{folder} cannot be written to: {error.strerror or error}{advice}")
