"""A CPython of any version for the tests: one that is here, or a build as servers get it."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

from modules.python_interpreter import (
    FROM_MAVEN,
    glibc,
    keep,
    library_path,
    probe,
    unpack_build,
)

from pipebench.hosts.python_builds import build_for, fetched, listed

CACHE = Path.home() / ".cache" / "async-pipeline-bench-tests"


class Interpreter(NamedTuple):
    """environment: what is needed to start it, and to build for it."""

    executable: str
    environment: dict[str, str]


def interpreter(version: str) -> Interpreter:
    """A CPython of a version, as "3.7". pyenv's own come first: uv stumbles over its shims."""
    kept = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    if kept:
        return Interpreter(str(kept[-1]), {})
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}") or "uv"
    found = subprocess.run(
        [uv, "python", "find", "--no-project", version],
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode == 0:
        return Interpreter(found.stdout.strip(), {})
    return built(version)


def built(version: str) -> Interpreter:
    """One from Maven's repository, as the role `server` puts it on a host."""
    build = build_for(version, platform.machine(), glibc(), listed())
    directory = CACHE / "python"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tree = directory / build.release
        if not tree.is_dir():
            fill = partial(unpack_build, fetched(build, directory))
            keep(directory, build.release, FROM_MAVEN, fill)
    executable = tree / "bin" / f"python{'.'.join(version.split('.')[:2])}"
    what, why = probe(executable, version)
    assert what is not None, why
    libraries = library_path(executable)
    return Interpreter(str(executable), {"LD_LIBRARY_PATH": libraries, "LIBRARY_PATH": libraries})
