"""A CPython of this computer, of any version that it has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from pipebench.trial.error import NotHereError
from pipebench.trial.programs import program

PINNED = "3.13"
"""The version of a framework that names none: `server_python_version` of roles/server."""


class LocalPython(NamedTuple):
    """environment: what is needed to start it, and to build for it."""

    executable: str
    environment: dict[str, str]


def interpreter_here(version: str) -> LocalPython:
    """A CPython of a version, as "3.7". NotHereError: this computer has none.

    The locks hold for what is newer than the pinned version, too, so this one does for it. pyenv's
    own come before what uv finds: uv stumbles over pyenv's shims.
    """
    if version == PINNED and sys.version_info >= tuple(map(int, version.split("."))):
        return LocalPython(sys.executable, {})
    short = ".".join(version.split(".")[:2])
    for pattern in (version, f"{version}.*"):
        if kept := sorted(Path.home().glob(f".pyenv/versions/{pattern}/bin/python{short}")):
            return LocalPython(str(kept[-1]), {})
    found = subprocess.run(
        [program("uv"), "python", "find", "--no-project", version],
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
        capture_output=True,
        errors="replace",
        check=False,
    )
    if found.returncode == 0:
        return LocalPython(found.stdout.strip(), {})
    raise NotHereError(
        f"CPython {version} is not on this computer; install it, for example with: "
        f"pyenv install {version}"
    )
