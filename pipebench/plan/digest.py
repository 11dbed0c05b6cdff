"""Whether the files that a measurement is made of are still the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path


def files_of(folder: Path) -> list[Path]:
    """Every file below a folder, sorted; not what an editor or Python leaves there."""
    return [path for path in visible(folder) if path.is_file()]


def visible(folder: Path) -> list[Path]:
    """Everything below a folder, sorted, but what an editor or Python leaves there."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if not any(
            part.startswith(".") or part == "__pycache__" for part in path.relative_to(folder).parts
        )
    ]


def digest_of(folder: Path) -> str:
    """The SHA-256 of the names and contents of all files below a folder, in hex."""
    return digest_of_files({str(path.relative_to(folder)): path for path in files_of(folder)})


def digest_of_files(files: Mapping[str, Path]) -> str:
    """The SHA-256 of the names and contents of files, in hex; files: by name."""
    whole = hashlib.sha256()
    for name, path in sorted(files.items(), key=lambda one: Path(one[0])):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{name}\0{content}\n".encode())
    return whole.hexdigest()
