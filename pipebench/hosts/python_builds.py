"""Builds of CPython that are artifacts of Maven: which there are, and fetching one.

They are zip files with an interpreter, its library, the standard library and headers, that run from
any folder. They are built without profile-guided optimisation. Each is pinned by its SHA-256, so it
does not matter which mirror it comes from.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from pipebench.hosts import maven_fetch
from pipebench.hosts.maven_fetch import MIRROR
from pipebench.plan.project import ROOT

LIST = ROOT / "roles" / "server" / "files" / "python-builds.json"
LONGEST_S = 300
"""After which a download is given up: 30 MB at 1 Mbit/s."""
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
"""What this computer trusts; requests would trust a list of its own."""


class NoBuildError(Exception):
    """Why a build cannot be used or fetched, in a sentence without its full stop."""


class Build(Struct, frozen=True, kw_only=True):
    """One build. architecture: as `uname -m` says it.

    glibc: the oldest that it runs with, which is the newest version that its files name.
    artifact: its coordinates, `group:name:type:classifier:version`.
    """

    version: str
    architecture: str
    glibc: str
    artifact: str
    sha256: str

    @property
    def release(self) -> str:
        """Its version as Maven has it: `3.7.9-1.5.4`."""
        return self.artifact.rpartition(":")[2]

    @property
    def file(self) -> str:
        """Its name in a cache."""
        return f"{self.artifact.replace(':', '-')}.jar"


def listed(path: Path = LIST) -> list[Build]:
    """All builds that are pinned."""
    return msgspec.json.decode(path.read_bytes(), type=list[Build])


def build_for(wanted: str, architecture: str, glibc: str, among: Iterable[Build]) -> Build:
    """The newest build of a version, "3.13" or "3.13.5", for a host. NoBuildError: there is none.

    glibc: of the host; empty if it has another C library.
    """
    own = [one for one in among if f"{one.version}.".startswith(f"{wanted}.")]
    if not own:
        raise NoBuildError(f"Maven has no CPython {wanted} that is pinned here")
    fitting = [one for one in own if one.architecture == architecture]
    if not fitting:
        names = ", ".join(sorted({one.architecture for one in own}))
        raise NoBuildError(
            f"Maven's CPython {wanted} is for {names}, and the server is {architecture}"
        )
    running = [one for one in fitting if glibc and _parts(one.glibc) <= _parts(glibc)]
    if not running:
        oldest = min(fitting, key=lambda one: _parts(one.glibc))
        has = f"glibc {glibc}" if glibc else "another C library"
        raise NoBuildError(
            f"Maven's CPython {oldest.version} requires glibc {oldest.glibc} or newer, and the "
            f"server has {has}"
        )
    return max(running, key=lambda one: _parts(one.version))


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def fetched(build: Build, cache: Path) -> Path:
    """The file of a build, which is fetched if the cache does not have it. NoBuildError: not had.

    Several at once fetch it once; if that fails, those that waited for it have failed, too.
    """
    file = cache / build.file
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / f".{build.file}.lock").open("a+", encoding="utf-8") as lock:
            waited = _lock(lock)
            if file.is_file() and _sha256(file) == build.sha256:
                return file
            lock.seek(0)
            if waited and (failure := lock.read()):
                raise NoBuildError(failure)
            lock.truncate(0)
            try:
                _fetch(build, file)
            except NoBuildError as error:
                with suppress(OSError):
                    lock.write(str(error))
                    lock.flush()
                raise
    except OSError as error:
        raise NoBuildError(f"{cache} of the controller cannot hold it: {error.strerror}") from error
    return file


def _lock(lock: IO[str]) -> bool:
    """Lock a file until it is closed; whether another process had it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return True
    return False


def _fetch(build: Build, file: Path) -> None:
    for left in file.parent.glob(f".{file.name}-*"):  # by one that was killed
        shutil.rmtree(left, ignore_errors=True)
    place = repository()
    with tempfile.TemporaryDirectory(prefix=f".{file.name}-", dir=file.parent) as scratch:
        part = Path(scratch) / file.name
        words = [build.artifact, str(part), str(LONGEST_S)]
        done = subprocess.run(
            [sys.executable, "-m", maven_fetch.__name__, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
            env=_environment(),
        )
        if done.returncode == -signal.SIGALRM:
            raise NoBuildError(f"{place} did not send {build.artifact} within {LONGEST_S} s")
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["ended without a word"]
            raise NoBuildError(f"{place} {lines[-1]} ({build.artifact})")
        if (digest := _sha256(part)) != build.sha256:
            raise NoBuildError(
                f"{place} sent another file as {build.artifact}: its SHA-256 is {digest}, and "
                f"{build.sha256} is pinned"
            )
        part.replace(file)


def repository() -> str:
    """What sentences call the repository: no password that is in a mirror's URL is in it."""
    mirror = os.environ.get(MIRROR)
    if not mirror:
        return "Maven's central repository"
    wrong = NoBuildError(f"{MIRROR} must be a URL that begins with https:// or http://")
    try:
        url = urlsplit(mirror)
        port = f":{url.port}" if url.port else ""
    except ValueError as error:
        raise wrong from error
    if url.scheme not in ("http", "https") or not url.hostname:
        raise wrong
    return f"{url.hostname}{port}"


def _environment() -> dict[str, str]:
    given = dict(os.environ)
    if AUTHORITIES.is_file() and not given.get("CURL_CA_BUNDLE"):
        given.setdefault("REQUESTS_CA_BUNDLE", str(AUTHORITIES))
    return given


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
