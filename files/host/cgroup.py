"""Where systemd keeps the processes of a unit, and files of the kernel that may have gone."""

from __future__ import annotations

import subprocess
from pathlib import Path

CGROUP_ROOTS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))


def read(path: Path | str) -> str:
    """The text of a file, or none if it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def find_cgroup(unit: str) -> Path | None:
    """The folder of the unit's cgroup (version 2), or None while it has none."""
    shown = subprocess.run(
        ["systemctl", "show", "--property=ControlGroup", "--value", unit],
        capture_output=True,
        errors="replace",
        check=False,
    ).stdout.strip()
    return cgroup_folder(shown)


def cgroup_folder(control_group: str) -> Path | None:
    """The folder of what systemd calls `ControlGroup`, or None if there is none."""
    if not control_group:
        return None
    for root in CGROUP_ROOTS:
        folder = root / control_group.lstrip("/")
        if (folder / "cpu.stat").is_file() and (root / "cgroup.controllers").is_file():
            return folder
    return None
