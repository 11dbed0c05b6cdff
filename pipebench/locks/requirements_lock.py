"""What a lock of Python packages may have. Runs on hosts, too: Python 3.9, standard library.

An installer obeys more than packages in such a file: another index, a path, an address, options of
its own. A lock is data, so it may have only what names a package and its content.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LOCKS = ("requirements.txt", "requirements-build.txt")
"""The names of locks in a framework's folder."""
RIGHT = (
    "it may have comments, and name==version with an optional marker, followed by --hash=sha256:..."
)

NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
VERSION = r"[A-Za-z0-9](?:[A-Za-z0-9.!+_-]*[A-Za-z0-9])?"
_VALUE = r"""(?:'[^'"\\\n]*'|"[^'"\\\n]*"|[a-z_]+)"""
_COMPARED = rf"\(*\s*{_VALUE}\s*(?:[<>=!~]=|[<>]|===|in|not\s+in)\s*{_VALUE}\s*\)*"
MARKER = rf"{_COMPARED}(?:\s+(?:and|or)\s+{_COMPARED})*"
_REQUIREMENT = re.compile(
    rf"(?P<name>{NAME})(?P<extras>\[\s*{NAME}(?:\s*,\s*{NAME})*\s*\])?\s*==\s*(?P<version>{VERSION})"
    rf"(?:\s*;\s*(?P<marker>{MARKER}))?(?P<hashes>(?:\s+--hash=sha256:[0-9a-f]{{64}})*)\Z",
    re.ASCII,
)
_COMMENT = re.compile(r"(?:^|\s)#.*")
LONGEST_LINE = 100_000
"""Characters, with all the hashes of one package."""


class LockError(ValueError):
    """A lock has something else; a sentence without a full stop, and without the lock's words."""


class Pinned(NamedTuple):
    """One package of a lock. hashes: SHA-256 in hex of each file that it may be."""

    name: str
    extras: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    @property
    def normal_name(self) -> str:
        return normal(self.name)

    @property
    def line(self) -> str:
        """The same as a line that an installer reads."""
        marker = f" ; {self.marker}" if self.marker else ""
        hashes = "".join(f" --hash=sha256:{one}" for one in self.hashes)
        return f"{self.name}{self.extras}=={self.version}{marker}{hashes}"


def normal(package: str) -> str:
    """One spelling of the names that are the same for an installer: `Foo_bar` is `foo-bar`."""
    return re.sub(r"[-_.]+", "-", package).lower()


def read_lock(text: str, file: str) -> list[Pinned]:
    """The packages of a lock. LockError: the first line that has anything else.

    file: what it is called in that sentence.
    """
    packages = []
    for number, line in _whole_lines(text):
        pinned = _REQUIREMENT.match(line) if len(line) <= LONGEST_LINE else None
        if pinned is None:
            raise LockError(f"{file} is not a lock in line {number}: {RIGHT}")
        if not pinned["hashes"]:
            raise LockError(f"{file} has no hash for {pinned['name']} in line {number}: {RIGHT}")
        packages.append(
            Pinned(
                pinned["name"],
                pinned["extras"] or "",
                pinned["version"],
                (pinned["marker"] or "").strip(),
                tuple(re.findall(r"sha256:([0-9a-f]{64})", pinned["hashes"])),
            )
        )
    return packages


def _whole_lines(text: str) -> list[tuple[int, str]]:
    """The lines that have more than a comment, with the numbers of their first lines.

    A line that ends with a backslash goes on in the next one.
    """
    lines: list[tuple[int, str]] = []
    first = 0
    parts: list[str] = []
    # not splitlines(): what else Unicode calls the end of a line is none for an installer
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        first = first if parts else number
        goes_on = line.endswith("\\")
        bare = line[:-1] if goes_on else line
        parts.append(_COMMENT.sub("", bare))
        if goes_on:
            continue
        lines.append((first, " ".join(parts).strip()))
        parts = []
    if parts:
        lines.append((first, " ".join(parts).strip()))
    return [(number, line) for number, line in lines if line]
