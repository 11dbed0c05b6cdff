"""How this computer, and nobody else, gets at the hosts of a fleet: key, address, host keys."""

from __future__ import annotations

import ipaddress
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from pipebench.cloud.problems import unreachable
from pipebench.plan.errors import PlanError

KEY, KNOWN_HOSTS = "id_ed25519", "known_hosts"
WHO_AM_I = "https://checkip.amazonaws.com"
ANSWER_S = 5


def public_key(folder: Path) -> str:
    """The key of a fleet, made the first time. Raises PlanError."""
    key = folder / KEY
    if not key.exists():
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", folder.name, "-f", str(key)]
        try:
            subprocess.run(command, check=True, capture_output=True, errors="replace")
        except (OSError, subprocess.CalledProcessError) as error:
            raise PlanError(f"ssh-keygen cannot make {key}: {error}.") from error
    return key.with_suffix(".pub").read_text(encoding="utf-8").strip()


def own_network() -> str:
    """The address that this computer has on the internet, as a network. Raises PlanError."""
    try:
        with urlopen(WHO_AM_I, timeout=ANSWER_S) as answer:
            return f"{ipaddress.IPv4Address(answer.read(64).decode().strip())}/32"
    except (URLError, TimeoutError, ValueError) as error:
        raise PlanError(
            f"{WHO_AM_I} does not say which address this computer has on the internet: "
            f"{unreachable(str(error), urlsplit(WHO_AM_I).netloc) or error}; set ssh_from in the "
            "cloud file, for example 203.0.113.7/32."
        ) from error


def login(user: str, folder: Path) -> dict[str, str]:
    """How ssh logs in to the hosts of a fleet, as Ansible's variables. folder: the fleet's own."""
    return {
        "ansible_user": user,
        "ansible_ssh_private_key_file": str(folder / KEY),
        "ansible_ssh_common_args": (
            "-o StrictHostKeyChecking=yes -o IdentitiesOnly=yes -o GlobalKnownHostsFile=none "
            f"-o 'UserKnownHostsFile=\"{folder / KNOWN_HOSTS}\"'"
        ),
    }


def named(known_hosts: str) -> set[str]:
    """The addresses that the lines of a known_hosts have a key for; each line names one or more."""
    fields = (line.split() for line in known_hosts.splitlines() if not line.startswith("#"))
    return {name for words in fields if len(words) >= 3 for name in words[0].split(",")}


def learn_host_keys(folder: Path, addresses: Iterable[str], patience_s: float) -> bool:
    """Ask each address once for its host key, and keep it; from then on it is checked.

    Waits until all answer. Returns whether any was new. Raises PlanError after patience_s.
    """
    file = folder / KNOWN_HOSTS
    known = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
    missing = set(addresses) - named(known)
    asked = bool(missing)
    until = time.monotonic() + patience_s
    while missing:
        answer = subprocess.run(
            ["ssh-keyscan", "-T", str(ANSWER_S), "-t", "ed25519", *sorted(missing)],
            capture_output=True, errors="replace", check=False,
        )  # fmt: skip
        # of an address that nobody asked for, nothing is learned
        lines = [line for line in answer.stdout.splitlines() if named(line) & missing]
        with file.open("a", encoding="utf-8") as handle:
            handle.writelines(f"{line}\n" for line in lines)
        missing -= named("\n".join(lines))
        if missing and time.monotonic() > until:
            raise PlanError(
                f"ssh does not answer at {', '.join(sorted(missing))} after {patience_s:g} s: the "
                "host did not boot, or ssh_from is not the address that this computer comes from."
            )
        if missing:
            time.sleep(1)
    return asked
