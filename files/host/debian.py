"""Versions of Debian's packages, as dpkg has them now."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable


def versions(names: Iterable[str]) -> dict[str, str]:
    """The version of each of these packages that is installed."""
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package} ${Version}\\n"]
    wanted = list(names)
    if not wanted:
        return {}
    try:
        shown = subprocess.run(
            [*query, *wanted], capture_output=True, errors="replace", check=False
        ).stdout
    except OSError:
        return {}
    lines = [line.split() for line in shown.splitlines()]
    return {line[1]: line[2] for line in lines if len(line) == 3 and line[0] == "installed"}


def upstream(version: str) -> str:
    """A package's version without what Debian adds: C(1:1.26.3-3+deb13u1) is C(1.26.3)."""
    whole = version.partition(":")[2] or version
    return whole.rpartition("-")[0] or whole
