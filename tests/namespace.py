"""A file system and a network of its own for a test, in namespaces, which needs no root."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def in_namespace(place: Path, options: str, program: str, *more: str) -> str:
    """What a program in Python prints while a small file system is mounted over a folder.

    options: of the mount, as "size=64k,noexec". The program can import what the tests can. more:
    options of unshare, as "--net".
    """
    mount = 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"'
    unshare = ["unshare", "--map-root-user", "--mount", *more]
    done = subprocess.run(
        [*unshare, "sh", "-c", mount, "sh", options, str(place),
         sys.executable, "-c", f"import conftest\n{program}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}:{ROOT / 'files'}"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
