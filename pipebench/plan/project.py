"""The project as a run records it: version, state of the repository, command."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Project(NamedTuple):
    """commit: None if this is not a repository. dirty: whether files differ from it.

    command: as the user typed it, with paths relative to the repository.
    """

    root: Path
    version: str
    commit: str | None
    dirty: bool
    command: list[str]


def read_project(argv: Sequence[str], root: Path = ROOT) -> Project:
    """The project as it is now. argv: of the running program."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    arguments = [argument.removeprefix(f"{root}/") for argument in argv[1:]]
    return Project(
        root=root,
        version=project["version"],
        commit=_git(root, "rev-parse", "HEAD"),
        dirty=bool(_git(root, "status", "--porcelain")),
        command=[Path(argv[0]).name, *arguments],
    )


def _git(root: Path, *arguments: str) -> str | None:
    """The output of git, or None if it fails."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
