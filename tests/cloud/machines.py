"""Machines of the lab that a stand-in gives out as if it had made them: booted, and ended.

Booting is what cloud-init does on a new host: the key is let in, files are written, and the
commands of the user data are run. Ending takes that back; the machine itself goes on.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
KEYS = "/root/.ssh/authorized_keys"


class Machines:
    """Addresses by role, from a JSON file; without one, none is given out."""

    def __init__(self, file: str | None) -> None:
        self._free: dict[str, list[str]] = json.loads(Path(file).read_text()) if file else {}
        self._used: dict[str, tuple[str, str, str, str]] = {}

    def boot(self, host: str, role: str, key: str, user_data: str) -> str | None:
        """The address of the machine that this host is now; None if there are no machines."""
        if not self._free:
            return None
        address = self._free[role].pop(0)
        document = yaml.safe_load(user_data)
        files = document["write_files"]
        commands = [f"echo {shlex.quote(key)} >> {KEYS}"]
        commands += [
            f"printf %s {shlex.quote(one['content'])} > {shlex.quote(one['path'])}" for one in files
        ]
        commands += [shlex.join(command) for command in document["runcmd"]]
        run(address, " && ".join(commands))
        self._used[host] = (address, role, key, files[0]["path"])
        return address

    def end(self, host: str) -> None:
        if host not in self._used:
            return
        address, role, key, file = self._used.pop(host)
        kept = f"grep -vF {shlex.quote(key)} {KEYS} > {KEYS}.new; cat {KEYS}.new > {KEYS}"
        timer = shlex.quote(Path(file).name)
        run(
            address,
            f"{kept}; rm {KEYS}.new; systemctl disable --now {timer}; rm {shlex.quote(file)}",
        )
        self._free[role].insert(0, address)


def run(address: str, command: str) -> None:
    argv = [
        "ssh", "-F", "none", "-i", ".lab/ssh/id_ed25519", "-o", "ConnectTimeout=10",
        "-o", "UserKnownHostsFile=.lab/ssh/known_hosts", f"root@{address}", command,
    ]  # fmt: skip
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, timeout=60)
