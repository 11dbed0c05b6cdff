"""A way out for a host that has none of its own, for as long as it is provisioned.

The host gets a SOCKS proxy on its loopback, whose other end is this computer: ssh's remote
forwarding makes it, so neither side needs another program. A process of this computer
(way_holder.py) keeps the connection open, and ends it when the way is closed or the run has ended.
"""

from __future__ import annotations

import shlex
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
from msgspec import Struct

from pipebench.hosts import way_holder
from pipebench.hosts.owner import owner_of, parsed
from pipebench.hosts.via_controller import PROXIES, VIA_CONTROLLER
from pipebench.plan.project import ROOT

SCRIPT = ROOT / "files" / "host" / "way_out.sh"
SSH_OPTIONS = (
    # a connection of its own, which ends with its process
    *("-o", "ControlMaster=no", "-o", "ControlPath=none"),
    *("-o", "BatchMode=yes", "-o", "LogLevel=INFO"),
    *("-o", "ExitOnForwardFailure=yes"),
    # no destination, so that it is a proxy; port 0, so that the host chooses one that is free
    *("-R", "127.0.0.1:0"),
)
NO_ERRORS = ("debug", "Allocated port")
CONNECT_S = 5


class NoWayError(Exception):
    """Why a host has no way out, in a sentence that begins with its name."""


class Way(Struct, frozen=True, kw_only=True):
    """A way that is open.

    port: of the proxy, on the host's 127.0.0.1. apt_config: the path of apt's configuration there.
    holder: the process that keeps it open (hosts/owner.py).
    """

    port: int
    apt_config: str
    holder: str

    @property
    def environment(self) -> dict[str, str]:
        """What programs on the host need to use this proxy, and no other that is set there.

        They have names resolved at this end (socks5h).
        """
        proxy = f"socks5h://127.0.0.1:{self.port}"
        lower = dict.fromkeys(PROXIES, proxy) | {"no_proxy": ""}
        upper = {name.upper(): value for name, value in lower.items()}
        return lower | upper | {"APT_CONFIG": self.apt_config}


def ssh_command(built: Sequence[str]) -> list[str]:
    """The command of ssh with the options of a way; built: as Ansible logs in to the host.

    Of an option that is given twice ssh takes the first.
    """
    program, *arguments = built
    return [program, *SSH_OPTIONS, *arguments]


def remote_command() -> str:
    """What the host runs at the end of the connection."""
    return shlex.join(["/bin/sh", "-c", SCRIPT.read_text("utf-8")])


def open_way(host: str, command: Sequence[str], owner: str) -> Way:
    """Open a way. owner: the process that it must not outlive (hosts/owner.py). Raises NoWayError.

    command: as `ssh_command` gives it.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", way_holder.__name__, owner, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C and the end of a terminal are the owner's business
    )
    holder = str(owner_of(process.pid))
    assert process.stdout
    with process.stdout as answers:
        line = answers.readline()
    said = msgspec.json.decode(line, type=way_holder.Said) if line else way_holder.Said()
    if said.port and said.answer.startswith("/"):
        return Way(port=said.port, apt_config=said.answer, holder=holder)
    process.wait()
    raise NoWayError(f"{host}: {why_not(said)}.")


def why_not(said: way_holder.Said) -> str:
    """Why a way was not opened, as a sentence without its full stop."""
    if said.port and said.answer:
        return (
            "its ssh server lets other hosts connect to what is forwarded; "
            f"{VIA_CONTROLLER} requires `GatewayPorts no` in its sshd_config"
        )
    lines = [line for line in said.errors.splitlines() if line and not line.startswith(NO_ERRORS)]
    if any("remote port forwarding failed" in line for line in lines):
        return (
            "its ssh server does not allow forwarding; "
            f"{VIA_CONTROLLER} requires `AllowTcpForwarding remote` or `yes` in its sshd_config, "
            "and a key that is not restricted"
        )
    last = lines[-1].rstrip(".") if lines else "ssh ended without a word"
    return f"{VIA_CONTROLLER} requires a second ssh connection, which was not made: {last}"


def close_way(holder: str) -> None:
    """End a way, and wait until it has ended."""
    parsed(holder).end()


def unreached(host: str, mirrors: Iterable[str]) -> str | None:
    """A sentence if this computer reaches none of the mirrors of a host; each is `name:port`."""
    places = list(mirrors)
    if not places:
        return None
    with ThreadPoolExecutor(len(places)) as pool:
        if any(pool.map(_reaches, places)):
            return None
    return (
        f"{host}: this computer does not reach {', '.join(places)}, from where that host installs "
        f"packages; {VIA_CONTROLLER} requires that it does, without a proxy."
    )


def _reaches(place: str) -> bool:
    name, _, port = place.rpartition(":")
    try:
        with socket.create_connection((name.strip("[]"), int(port)), timeout=CONNECT_S):
            return True
    except OSError:
        return False


def own_proxies(found: Mapping[str, Iterable[str]]) -> str:
    """That hosts have proxies of their own, which are not used; often nothing. found: by host."""
    said = [f"{host} ({', '.join(names)})" for host, names in found.items() if names]
    if not said:
        return ""
    return (
        f"With {VIA_CONTROLLER} the proxies that are set on {', '.join(said)} are neither used nor "
        "changed."
    )
