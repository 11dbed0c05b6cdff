"""Read what must be known of a host before anything of it is touched."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.host.interface import find_interface
from ansible.module_utils.host.lease import held
from ansible.module_utils.host.os_release import os_release
from ansible.module_utils.host.port import listen_error
from ansible.module_utils.tuning.plan import plan

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCUMENTATION = """
---
module: host_check
short_description: Read what must be known of a host before anything of it is touched
description:
  - Only reads, and never fails over what it finds; the filter C(host_problems) judges.
  - On a server it tries for a moment to bind the port, on a load generator to connect to it.
options:
  kind:
    description: What the host is in this run.
    type: str
    choices: [server, generator]
    required: true
  address:
    description: The server's address on the benchmark network.
    type: str
    required: true
  port:
    description: The server's port.
    type: int
    required: true
  timeout:
    description: How long connecting may take, in seconds.
    type: float
    default: 3
  tuning:
    description: What the run sets on such a host, as files/tuning/plan.py reads it.
    type: dict
    default: {}
  packages:
    description: Whether to say where the host installs packages from.
    type: bool
    default: false
author: async-pipeline-bench
"""

EXAMPLES = """
- name: Look at the host
  host_check:
    kind: server
    address: 198.18.0.10
    port: 8080
"""

RETURN = """
check:
  description:
    - C(os), C(os_version), C(os_title), C(architecture), C(identity), C(free) (bytes by folder),
      C(cpus) (that its processes may use).
    - C(lease), which run holds the host, as files/host/lease.py says it.
    - C(tuning), what would be set on the host, as files/tuning/plan.py says it, or null.
    - If C(packages), C(mirrors), the servers that apt installs packages from, as C(name:port), and
      C(proxies), the names of the variables and options that set a proxy.
    - Of a server C(bind) and C(addresses), of a generator C(path); both C(ok) and C(error).
  type: dict
  returned: always
"""

PORTS = {"http": 80, "https": 443}
OUR_UNITS = re.compile(r"pipeline-bench(?:@|-clock|-path)[^/]*\.service")


def read(path: str) -> str | None:
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError:
        return None


def identity() -> str:
    """Only the same running system has all of these in common, clones and containers included."""
    try:
        pids = str(Path("/proc/1/ns/pid").stat().st_ino)
    except OSError:
        pids = ""
    parts = [read("/etc/machine-id"), read("/proc/sys/kernel/random/boot_id"), pids]
    return " ".join(part or "-" for part in parts)


def existing(path: Path) -> Path:
    """Return the folder itself, or the nearest above it that there is."""
    while not path.exists():
        path = path.parent
    return path


def free_bytes(folders: list[str]) -> list[dict[str, Any]]:
    """Room that is left, once for each file system that the folders are on."""
    seen: dict[int, dict[str, Any]] = {}
    for folder in folders:
        path = existing(Path(folder))
        entry = seen.setdefault(
            path.stat().st_dev, {"folders": [], "bytes": shutil.disk_usage(path).free}
        )
        entry["folders"].append(folder)
    return list(seen.values())


def listening_inodes(table: str, port: int) -> list[str]:
    """From /proc/net/tcp or tcp6: the sockets that listen on a port."""
    rows = [line.split() for line in table.splitlines()[1:]]
    return [
        row[9]
        for row in rows
        if len(row) > 9 and row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port
    ]


def open_files(process: Path) -> list[str]:
    """Read what a process has open; files and processes may go meanwhile."""
    links = []
    with contextlib.suppress(OSError):
        for link in (process / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                links.append(str(link.readlink()))
    return links


def holder(port: int) -> tuple[str | None, bool]:
    """Who listens on a port, and whether it is a unit of ours."""
    tables = [read("/proc/net/tcp") or "", read("/proc/net/tcp6") or ""]
    wanted = {f"socket:[{inode}]" for table in tables for inode in listening_inodes(table, port)}
    for process in Path("/proc").glob("[0-9]*"):
        if wanted.intersection(open_files(process)):
            cgroup = read(str(process / "cgroup")) or ""
            ours = OUR_UNITS.search(cgroup)
            name = ours[0] if ours else f"{read(str(process / 'comm'))} (pid {process.name})"
            return name, bool(ours)
    return None, False


def try_bind(address: str, port: int) -> dict[str, Any]:
    """Whether a server could listen here."""
    error = listen_error(address, port)
    if error is None:
        return {"ok": True, "error": None}
    answer: dict[str, Any] = {
        "ok": False,
        "error": errno.errorcode.get(error.errno or 0, str(error)),
    }
    if error.errno == errno.EADDRINUSE:
        answer["holder"], answer["ok"] = holder(port)
    return answer


def try_connect(address: str, port: int, timeout: float) -> dict[str, Any]:
    """Whether packets come through: being refused is an answer, silence is none."""
    begin = time.monotonic()
    try:
        with socket.create_connection((address, port), timeout=timeout) as sock:
            source = sock.getsockname()[0]
    except ConnectionRefusedError:
        return {"ok": True, "error": None, "seconds": time.monotonic() - begin}
    except (socket.timeout, TimeoutError):
        return {"ok": False, "error": "ETIMEDOUT"}
    except OSError as error:
        return {"ok": False, "error": errno.errorcode.get(error.errno or 0, str(error))}
    return {"ok": True, "error": None, "source": source, "seconds": time.monotonic() - begin}


def addresses() -> list[str]:
    """List the host's own addresses, for the sentence that says which there are."""
    return printed("hostname", "-I").split()


def planned(order: Any, address: str) -> Any:
    """What would be set here; None if that is nothing."""
    if not order.get("entries"):
        return None
    return plan(order, find_interface(address), sorted(os.sched_getaffinity(0)))


def printed(*argv: str) -> str:
    """Read what a program prints; nothing if it is not there."""
    try:
        return subprocess.run(argv, capture_output=True, errors="replace", check=False).stdout
    except OSError:
        return ""


def mirrors(listed: str) -> list[str]:
    """Where packages come from, once for each server. listed: what apt would fetch, a line each."""
    found = set()
    for quoted in re.findall(r"^'(https?:[^']+)'", listed, re.MULTILINE):
        uri = urlsplit(quoted)
        if uri.hostname:
            name = f"[{uri.hostname}]" if ":" in uri.hostname else uri.hostname
            found.add(f"{name}:{uri.port or PORTS[uri.scheme]}")
    return sorted(found)


def proxies(environment: Mapping[str, str], apt: str) -> list[str]:
    """Name what sets a proxy. apt: what C(apt-config dump) prints."""
    names = [f"{kind}_proxy" for kind in ("http", "https", "all")]
    names += [name.upper() for name in names]
    options = re.findall(
        r'^(Acquire::https?::Proxy(?:-?Auto-?Detect)?\S*) ".+";$', apt, re.MULTILINE
    )
    return [name for name in names if environment.get(name)] + sorted(set(options))


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "kind": {"type": "str", "choices": ["server", "generator"], "required": True},
            "address": {"type": "str", "required": True},
            "port": {"type": "int", "required": True},
            "timeout": {"type": "float", "default": 3},
            "tuning": {"type": "dict", "default": {}},
            "packages": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    words = module.params
    release = os_release()
    check: dict[str, Any] = {
        "os": release["id"],
        "os_version": release["version"],
        "os_title": release["title"],
        "architecture": platform.machine(),
        "systemd": Path("/run/systemd/system").is_dir(),
        "root": os.geteuid() == 0,
        "cpus": len(os.sched_getaffinity(0)),
        "identity": identity(),
        "free": free_bytes(["/opt", "/var"]),
        "lease": held(),
        "tuning": planned(words["tuning"], words["address"]),
    }
    if words["packages"]:
        check["mirrors"] = mirrors(printed("apt-get", "update", "--print-uris"))
        check["proxies"] = proxies(os.environ, printed("apt-config", "dump"))
    if words["kind"] == "server":
        check["bind"] = try_bind(words["address"], words["port"])
        check["addresses"] = addresses()
    else:
        check["path"] = try_connect(words["address"], words["port"], words["timeout"])
    module.exit_json(changed=False, check=check)


if __name__ == "__main__":
    main()
