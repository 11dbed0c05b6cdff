"""Whether the files that a measurement is made of are still the same."""

from __future__ import annotations

import hashlib
from pathlib import Path


def files_of(folder: Path) -> list[Path]:
    """Every file below a folder, sorted; not what an editor or Python leaves there."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(
            part.startswith(".") or part == "__pycache__" for part in path.relative_to(folder).parts
        )
    ]


def digest_of(folder: Path) -> str:
    """The SHA-256 of the names and contents of all files below a folder, in hex."""
    whole = hashlib.sha256()
    for path in files_of(folder):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{path.relative_to(folder)}\0{content}\n".encode())
    return whole.hexdigest()
