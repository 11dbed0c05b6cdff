"""The versions that the lock of a framework names, beside those that a run had installed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pipebench.locks.requirements_lock import normal
from pipebench.plan.earlier_run import PACKAGES, Change
from pipebench.plan.frameworks import PlannedFramework
from pipebench.plan.variants import contents

PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[.*?\])?\s*==\s*([^\s;\\]+)", re.MULTILINE)
"""In requirements.txt: a package and its version."""
REQUIRED = re.compile(r"^\s*(?:require\s+)?(\S+)\s+(v\d\S*)", re.MULTILINE)
REPLACED = re.compile(r"=>\s*(\S+)\s+(v\d\S*)")
"""In go.mod: a module and its version."""


class Lock(NamedTuple):
    """file: below the framework's folder. versions: by package, those that it names; several if
    they depend on the host.
    """

    file: str
    versions: dict[str, set[str]]


def lock_of(framework: PlannedFramework) -> Lock | None:
    """The lock of a framework or a variant; None if its versions are Debian's."""
    if framework.runtime == "python":
        return _lock(framework, "requirements.txt", PINNED)
    if framework.runtime == "go":
        return _lock(framework, "go.mod", REQUIRED, REPLACED)
    return None


def _lock(framework: PlannedFramework, name: str, *forms: re.Pattern[str]) -> Lock:
    folder = Path(framework.path)
    path = contents(folder, framework.variant).get(name)
    text = path.read_text(encoding="utf-8", errors="replace") if path else ""
    file = str(path.relative_to(folder)) if path else name
    versions: dict[str, set[str]] = {}
    for form in forms:
        for package, version in form.findall(text):
            versions.setdefault(normal(package), set()).add(version)
    return Lock(file, versions)


def version_changes(
    name: str, installed: Mapping[str, str], framework: PlannedFramework
) -> list[Change]:
    """A change for each package that a run had installed and the lock here does not name so.

    installed: version by package, without Debian's, which no lock has.
    """
    lock = lock_of(framework)
    if lock is None:
        return []
    changes = []
    for package, version in installed.items():
        here = lock.versions.get(normal(package), set())
        if version not in here:
            words = f"has {' or '.join(sorted(here))}" if here else "does not have it"
            said = f"{name}: the run had {package} {version}, and {lock.file} here {words}."
            changes.append(Change(PACKAGES, said))
    return changes
