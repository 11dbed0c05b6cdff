"""A framework on this computer: put together, its environment made, ready to be started."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pipebench.locks.requirements_lock import LOCKS
from pipebench.plan.frameworks import BUILD_LOCK, PlannedFramework
from pipebench.plan.variants import put_together
from pipebench.record.names import named
from pipebench.trial.error import NotHereError, TrialError
from pipebench.trial.interpreters import PINNED, LocalPython
from pipebench.trial.programs import program, run

STARTED = {"python": "server.py", "go": "go.mod", "debian": "server"}
"""The file of its folder without which nothing can be started, by runtime."""
UNIT_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
}
"""What a unit has besides BENCH_*: nothing of the person who tries it."""
PYTHON_ENVIRONMENT = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(frozen=True, slots=True)
class Deployed:
    """path: what it consists of, put together as on a server. environment: of its process."""

    about: PlannedFramework
    path: Path
    command: list[str]
    environment: dict[str, str]

    @property
    def name(self) -> str:
        return named(self.about.folder, self.about.variant)

    def start(
        self, temporary: Path, output: int | IO[str], **settings: str
    ) -> subprocess.Popen[str]:
        """Start it as its unit does. temporary: a folder for what it keeps while it runs.

        output: where both of its outputs go; PIPE makes two of them. settings: BENCH_*.
        """
        return subprocess.Popen(
            self.command,
            cwd=self.path,
            env={**UNIT_ENVIRONMENT, "TMPDIR": str(temporary), **self.environment, **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            errors="replace",
            # as in a unit, what a manager of workers kills are its own processes
            start_new_session=True,
        )


def deploy(
    about: PlannedFramework, path: Path, cache: Path, interpreter: Callable[[str], LocalPython]
) -> Deployed:
    """Put a framework together in `path`; environments and binaries are kept in `cache`.

    interpreter: finds a CPython by its version. Raises TrialError.
    """
    name = named(about.folder, about.variant)
    put_together(Path(about.path), about.variant, path)
    first = STARTED[about.runtime]
    if not (path / first).is_file():
        raise TrialError(f"{about.path} has no {first}, which runtime {about.runtime} requires")
    cache.mkdir(parents=True, exist_ok=True)
    own: dict[str, str] = {}
    if about.runtime == "python":
        python, own = _environment(path, name, interpreter(about.python or PINNED), cache)
        command = [str(python), first]
    elif about.runtime == "go":
        command = [str(_build(path, name, cache))]
    else:
        if not os.access(path / first, os.X_OK):
            raise TrialError(f"{about.path}/{first} is not executable: chmod +x makes it so")
        command = [f"./{first}"]
    packages = _unpacked(about.packages, cache) if about.packages else {}
    if libraries := [one["LD_LIBRARY_PATH"] for one in (own, packages) if "LD_LIBRARY_PATH" in one]:
        packages["LD_LIBRARY_PATH"] = os.pathsep.join(libraries)
    if about.runtime == "python":
        packages |= PYTHON_ENVIRONMENT
    loop = {"BENCH_LOOP": about.loop} if about.loop else {}
    return Deployed(about, path, command, packages | about.env | loop)


def _environment(
    folder: Path, name: str, python: LocalPython, cache: Path
) -> tuple[Path, dict[str, str]]:
    """The Python of an environment made from the lock, and the variables that it needs."""
    lock = folder / LOCKS[0]
    if not lock.is_file():
        raise TrialError(
            f"{name} has no {LOCKS[0]}, the lock of its packages; docs/adding-a-framework.md has "
            "the command that makes it"
        )
    made_of = lock.read_bytes() + os.path.realpath(python.executable).encode()
    place = cache / f"{name}-{hashlib.sha256(made_of).hexdigest()[:12]}"
    with _made_once(place) as missing:
        if missing:
            uv = [program("uv"), "--quiet"]
            venv = [*uv, "venv", "--no-project", "--python", python.executable, place]
            run(venv, f"the environment of {name} cannot be made", None, python.environment)
            # with the tools that a host builds with; there a user without a network does it
            pip = ["--python", place / "bin/python", "--require-hashes"]
            failed = f"the packages of {name} cannot be installed"
            isolated = []
            if (tools := folder / BUILD_LOCK).exists():
                isolated.append("--no-build-isolation")
                install = [*uv, "pip", "install", *pip, "--requirement", tools]
                run(install, failed, None, python.environment)
            # one that needs the standard library alone has an empty lock
            sync = [*uv, "pip", "sync", *pip, *isolated, "--allow-empty-requirements", lock]
            run(sync, failed, None, python.environment)
    return place / "bin/python", python.environment


@contextmanager
def _made_once(place: Path) -> Iterator[bool]:
    """Whether a folder must be made, which is done without an exception then; one at a time."""
    with place.with_name(f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        complete = place / "complete"
        missing = not complete.exists()
        if missing:
            shutil.rmtree(place, ignore_errors=True)
        yield missing
        complete.touch()


def _build(folder: Path, name: str, cache: Path) -> Path:
    binary = cache / name
    argv = [program("go"), "build", "-trimpath", "-o", binary, "."]
    run(argv, f"{name} cannot be built", folder, {"CGO_ENABLED": "0"})
    return binary


def _unpacked(packages: list[str], cache: Path) -> dict[str, str]:
    """Where Debian's packages are found that are not installed here: an environment.

    They are unpacked instead, as that takes no root, and starts no service.
    """
    place = cache / "-".join(packages)
    with _made_once(place) as missing:
        if missing:
            place.mkdir(parents=True)
            options = ["--quiet", "--no-install-recommends"]
            english = {"LC_ALL": "C.UTF-8"}
            failed = f"what Debian calls {', '.join(packages)} cannot be fetched"
            apt_get = program("apt-get")
            try:
                simulate = [apt_get, "--simulate", *options, "install", *packages]
                simulated = run(simulate, failed, place, english)
                if wanted := re.findall(r"^Inst (\S+)", simulated, re.MULTILINE):
                    run([apt_get, *options, "download", *wanted], failed, place, english)
            except TrialError as error:
                raise NotHereError(str(error), error.log) from error
            for package in place.glob("*.deb"):
                run(["dpkg-deb", "--extract", package, place], f"{package} cannot be unpacked")
    return {
        "PATH": os.pathsep.join(
            [f"{place}/usr/sbin", f"{place}/usr/bin", UNIT_ENVIRONMENT["PATH"]]
        ),
        "LD_LIBRARY_PATH": os.pathsep.join(map(str, place.glob("usr/lib/*-linux-gnu*"))),
    }
