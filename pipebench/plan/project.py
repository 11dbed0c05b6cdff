"""The project as a run records it: version, state of the repository, command."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

HIDDEN = "NOT-RECORDED"
SECRET = re.compile(
    r"""([\w.-]*(?:pass(?!thr)|secret|token|credential|api_?key|access_?key)[\w.-]*["']?\s*[=:]\s*)"""
    r"""(?:"[^"]*"|'[^']*'|[^\s,}]+)""",
    re.IGNORECASE,
)
"""A name, and its value as `-e` gets it: name=value, or JSON."""
ROOT = Path(__file__).resolve().parents[2]


class Project(NamedTuple):
    """commit: None if this is not a repository. dirty: whether files differ from it.

    command: as the user typed it, with paths relative to the repository and without secrets.
    """

    root: Path
    version: str
    commit: str | None
    dirty: bool
    command: list[str]


def read_project(argv: Sequence[str], root: Path = ROOT) -> Project:
    """The project as it is now. argv: of the running program."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    arguments = [without_secrets(argument.removeprefix(f"{root}/")) for argument in argv[1:]]
    return Project(
        root=root,
        version=project["version"],
        commit=_git(root, "rev-parse", "HEAD"),
        dirty=bool(_git(root, "status", "--porcelain")),
        command=[Path(argv[0]).name, *arguments],
    )


def without_secrets(argument: str) -> str:
    """An argument of a command line without the values of what is named like a secret.

    A secret belongs in a file or a vault; but a run is published, and somebody may have typed one.
    """
    return SECRET.sub(lambda found: f"{found[1]}{HIDDEN}", argument)


def _git(root: Path, *arguments: str) -> str | None:
    """The output of git, or None if it fails."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, errors="replace", check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
