"""The project as a run records it: version, state of the repository, command."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pipebench.alone.version import version
from pipebench.record.values import CREDENTIALS, HIDDEN

SECRET_NAME = re.compile(
    r"""(?:pass(?!thr)|pwd|secret|token|credential|api_?key|access_?key|auth)[\w.-]*["']?\s*[=:]""",
    re.IGNORECASE,
)
"""A name before its value as `-e` gets it: name=value, or YAML, which JSON is."""
ROOT = Path(__file__).resolve().parents[2]


class Project(NamedTuple):
    """commit: None if this is not a repository. dirty: whether files differ from it.

    command: as the user typed it, with paths relative to the repository; HIDDEN stands for each
    argument that may hold a secret.
    """

    root: Path
    version: str
    commit: str | None
    dirty: bool
    command: list[str]


def read_project(argv: Sequence[str], root: Path = ROOT) -> Project:
    """The project as it is now. argv: of the running program."""
    arguments = [without_secrets(argument.removeprefix(f"{root}/")) for argument in argv[1:]]
    return Project(
        root=root,
        version=version(root),
        commit=_git(root, "rev-parse", "HEAD"),
        dirty=bool(_git(root, "status", "--porcelain")),
        command=[Path(argv[0]).name, *arguments],
    )


def without_secrets(argument: str) -> str:
    """An argument of a command line; HIDDEN for all of it if it may hold a secret.

    A secret belongs in a file or a vault; but a run is published, and somebody may have typed one.
    Where a value ends depends on who reads it (a shell, YAML, Ansible), so no part is kept.
    """
    is_secret = SECRET_NAME.search(argument) or CREDENTIALS.search(argument)
    return HIDDEN if is_secret else argument


def _git(root: Path, *arguments: str) -> str | None:
    """The output of git, or None if it fails."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, errors="replace", check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
