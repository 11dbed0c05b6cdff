"""The programs that make a framework's environment, and how they are run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipebench.trial.error import NotHereError, TrialError


def program(name: str) -> str:
    """Where a program is: what was installed beside this interpreter is pinned, and comes first.

    NotHereError: there is none.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    found = shutil.which(name, path=path)
    if found is None:
        raise NotHereError(f"{name} is not installed on this computer")
    return found


def run(
    argv: Sequence[object],
    failed: str,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """What a program prints. TrialError: it fails; `failed` is the sentence.

    environment: what it has besides that of this process.
    """
    done = subprocess.run(
        [str(word) for word in argv],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise TrialError(failed, done.stdout + done.stderr)
    return done.stdout
