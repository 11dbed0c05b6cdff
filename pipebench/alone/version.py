"""The version of the project, which stands in pyproject.toml."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

NAME = "async-pipeline-bench"
ROOT = Path(__file__).resolve().parents[2]


def version(root: Path = ROOT) -> str:
    """Of the checkout in `root`; of the package, if it is installed without one."""
    file = root / "pyproject.toml"
    if not file.is_file():
        return metadata.version(NAME)
    stated: str = tomllib.loads(file.read_text(encoding="utf-8"))["project"]["version"]
    return stated
