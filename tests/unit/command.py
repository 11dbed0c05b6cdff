"""collect.py run in this process: what it prints, and its status.

A process of its own spends seconds on importing; those that test what only it can show (the file
itself, its environment, a page's command as it is typed) start one.
"""

import shutil
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from pipebench.cli import main

ROOT = Path(__file__).resolve().parents[2]


def collect(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run` would answer."""
    argv = [str(word) for word in words]
    printed, said = StringIO(), StringIO()
    with redirect_stdout(printed), redirect_stderr(said), chdir(cwd or Path.cwd()):
        try:
            status = main(argv)
        except SystemExit as end:  # argparse's
            status = end.code if isinstance(end.code, int) else 1
    return subprocess.CompletedProcess(argv, status, printed.getvalue(), said.getvalue())


def bare(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """collect.py by an interpreter without any package, copied to a folder.

    It has an environment only if there is one in the folder.
    """
    copy = shutil.copy(ROOT / "collect.py", folder)
    if not (folder / "pipebench").exists():
        (folder / "pipebench").symlink_to(ROOT / "pipebench")
    return subprocess.run(
        [sys.executable, "-E", "-s", "-S", copy, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
