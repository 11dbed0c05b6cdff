"""The lab, as ./bench brings it up: its playbooks, and whose the lab is that is up already."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

from pipebench.plan.project import ROOT

INVENTORY = ROOT / "inventory" / "lab"
FOLDER = ROOT / ".lab"
BRIDGE = "apb0"
"""Its alias says whose the lab is (lab/roles/lab/module_utils/lab.py)."""
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


def other_owner() -> str | None:
    """The clone of this repository whose lab is up; None if none is, or it is this one's."""
    ip = shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if ip is None:
        return None
    asked = [ip, "-json", "link", "show", BRIDGE]
    done = subprocess.run(asked, capture_output=True, errors="replace", check=False)
    return owner_in(done.stdout, FOLDER) if done.returncode == 0 else None


def owner_in(links: str, folder: Path) -> str | None:
    """Of what `ip` says of the bridge: whose it is, unless it belongs to the lab in `folder`."""
    (link,) = json.loads(links)
    words = str(link.get("ifalias", "")).split(" ", 2)
    if len(words) != 3 or str(folder.resolve()).startswith(words[2]):  # a long one is cut off
        return None
    return str(Path(words[2]).parent)
