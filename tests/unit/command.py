"""collect.py run in this process: what it prints, and its status.

A process of its own spends seconds on importing; those that test what only it can show (the file
itself, its environment, a page's command as it is typed) start one.
"""

import subprocess
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from pipebench.cli import main


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
