#!/usr/bin/env python3
"""Judge a run and write its tables, charts and report: ./collect.py results/RUN.

The commands are those of pipebench/cli.py. This file finds the environment that has what they need.
"""

import gc
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from pipebench.alone.status import Status
from pipebench.cli import main

ROOT = Path(__file__).resolve().parent
REQUIRED = ("numpy", "pandas", "msgspec", "jinja2", "vl_convert", "markdown_it", "yaml", "loky")


def enter_environment() -> None:
    """Start again in the project's own environment if this interpreter lacks what is required."""
    if all(find_spec(name) for name in REQUIRED):
        return
    python = ROOT / ".venv" / "bin" / "python"
    if python.exists() and Path(sys.prefix) != ROOT / ".venv":
        os.execv(python, [str(python), str(ROOT / "collect.py"), *sys.argv[1:]])  # noqa: S606
    print(
        f"collect.py: {', '.join(REQUIRED[:-1])} and {REQUIRED[-1]} are missing. ./bench makes the "
        "environment that has them; without it: python3 -m venv .venv && "
        ".venv/bin/pip install --require-hashes -r requirements.txt",
        file=sys.stderr,
    )
    sys.exit(Status.NO_ENVIRONMENT)


if __name__ == "__main__":
    gc.disable()  # a command keeps most of what it makes, until it ends
    sys.exit(main(sys.argv[1:], enter_environment))
