"""The lab, as ./bench brings it up: its playbooks, and whose the lab is that is up already."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from pipebench.plan.project import ROOT

INVENTORY = ROOT / "inventory" / "lab"
FOLDER = ROOT / ".lab"
ALIAS = Path("/sys/class/net/apb0/ifalias")
"""The bridge of the lab says whose it is (lab/roles/lab/module_utils/lab.py)."""
SHELL = 'here=$1; source "$here/environment.sh"; source "$here/lab/setup.sh"; lab_play "${@:2}"'


def play_lab(state: str, options: list[str]) -> int:
    """Bring the lab `up`, or take it `down`. Returns the exit status.

    At Ctrl-C the playbook ends by itself, as it leaves nothing half made, and this waits for it.
    """
    command = ["bash", "-euo", "pipefail", "-c", SHELL, "bench", str(ROOT), state, *options]
    with subprocess.Popen(command) as child:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            status = child.wait()
        finally:
            signal.signal(signal.SIGINT, before)
    return status if status >= 0 else 128 - status


def other_owner(alias: Path = ALIAS, folder: Path = FOLDER) -> str | None:
    """The clone of this repository whose lab is up; None if none is, or it is this one's."""
    try:
        words = alias.read_text("utf-8").strip().split(" ", 2)
    except (OSError, UnicodeDecodeError):
        return None
    if len(words) != 3 or str(folder.resolve()).startswith(words[2]):  # a long one is cut off
        return None
    return str(Path(words[2]).parent)
