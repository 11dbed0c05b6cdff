"""A CPython of any version for the tests: one that is here, or a build as servers get it."""

from __future__ import annotations

import fcntl
import platform
from functools import partial
from pathlib import Path

from modules.python_interpreter import (
    FROM_MAVEN,
    glibc,
    keep,
    library_path,
    probe,
    unpack_build,
)

from pipebench.hosts.python_builds import build_for, fetched, listed
from pipebench.trial.error import NotHereError
from pipebench.trial.interpreters import LocalPython, interpreter_here

CACHE = Path.home() / ".cache" / "async-pipeline-bench-tests"


def interpreter(version: str) -> LocalPython:
    """A CPython of a version, as "3.7"."""
    try:
        return interpreter_here(version)
    except NotHereError:
        return built(version)


def built(version: str) -> LocalPython:
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
    return LocalPython(str(executable), {"LD_LIBRARY_PATH": libraries, "LIBRARY_PATH": libraries})
