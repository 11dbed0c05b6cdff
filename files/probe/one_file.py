"""The probe as one file, which runs with Python alone: `python3 FILE ADDRESS PORT`.

The same sources make the same bytes: nothing of the time, of the place or of a library is in it.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Beside this folder, what it imports, by the name within the file.
OTHERS = ("host/__init__.py", "host/answers.py")
FIRST_LINE = b"#!/usr/bin/env python3\n"
EARLIEST = (1980, 1, 1, 0, 0, 0)
REGULAR_FILE = 0o100644


def write(file: Path) -> None:
    """Write it. Raises OSError."""
    archive = HERE if HERE.is_file() else None
    file.write_bytes(archive.read_bytes() if archive else content())
    file.chmod(0o755)


def content() -> bytes:
    sources = {path.name: path for path in HERE.glob("*.py")}
    sources.update((name, HERE.parent / name) for name in OTHERS)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, path in sorted(sources.items()):
            about = zipfile.ZipInfo(name, EARLIEST)
            about.external_attr = REGULAR_FILE << 16
            archive.writestr(about, path.read_bytes())
    return FIRST_LINE + packed.getvalue()
