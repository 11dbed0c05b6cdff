"""A file system of its own for a test, in a mount namespace, which needs no root."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def in_namespace(place: Path, options: str, program: str) -> str:
    """What a program in Python prints while a small file system is mounted over a folder.

    options: of the mount, as "size=64k,noexec". The program can import what the tests can.
    """
    mount = 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"'
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh", options, str(place),
         sys.executable, "-c", f"import conftest\n{program}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}:{ROOT / 'files'}"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
