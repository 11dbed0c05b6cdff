"""The phases of bench.yml, which are its tags: --tags provision, --skip-tags probe."""

from __future__ import annotations

from collections.abc import Iterable

MEASURE, PROVISION = "measure", "provision"
PHASES = (PROVISION, "path", "probe", MEASURE)


def is_run(phase: str, tags: Iterable[str], skipped: Iterable[str]) -> bool:
    """Whether Ansible runs a phase with these --tags (`all` if none is given) and --skip-tags."""
    return phase not in skipped and not {"all", phase}.isdisjoint(tags)
