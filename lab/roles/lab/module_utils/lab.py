"""What the three lab modules share: names, owners, processes, and how CPUs are shared out.

Nothing is remembered in files. The bridge's alias says whose lab this is and what was changed on
the controller; a machine's process says by its own command line how it was started. Both end with
what they describe, so there is no state to go stale.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
import re
import subprocess
from collections.abc import Sequence
from typing import Any

PREFIX = "apb-"
BRIDGE = "apb0"
TABLE = "apb_lab"
COMMENT = "apb-lab"
NETNS = pathlib.Path("/run/netns")
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C",
}
ALIAS_LENGTH = 250


def unit(folder: str, name: str) -> str:
    """What a machine is called on the controller: by the lab of a folder, and no other's."""
    return f"{PREFIX}{name}-{hashlib.sha256(folder.encode()).hexdigest()[:8]}"


class LabError(Exception):
    """A sentence for the one who runs the playbook."""


def run(*argv: str, check: bool = True, stdin: str = "") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        argv, check=False, capture_output=True, errors="replace", input=stdin, env=ENVIRONMENT
    )
    if check and done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise LabError(f"`{' '.join(argv)}` failed: {said}")
    return done


def ip(*arguments: str) -> list[dict[str, Any]]:
    """Answer of `ip -json`, which is empty where there is nothing to show."""
    found: list[dict[str, Any]] = json.loads(run("ip", "-json", *arguments).stdout or "[]")
    return [entry for entry in found if entry]


def link(name: str) -> dict[str, Any] | None:
    return next((entry for entry in ip("link", "show") if entry["ifname"] == name), None)


@dataclasses.dataclass(frozen=True)
class Owner:
    """Whose lab the bridge belongs to, and what has to be put back when it goes."""

    folder: str
    lent: tuple[str, ...]  # interfaces that forward since, and did not before
    netns_mounted: bool  # /run/netns was a mount point before

    def alias(self) -> str:
        was = f"forward={':'.join(self.lent)} netns={int(self.netns_mounted)}"
        return f"{was} {self.folder}"[:ALIAS_LENGTH]

    def belongs_to(self, folder: str) -> bool:
        return self.alias() == dataclasses.replace(self, folder=folder).alias()


def owner() -> Owner | None:
    bridge = link(BRIDGE)
    words = (bridge or {}).get("ifalias", "").split(" ", 2)
    if len(words) != 3:
        return None
    lent = words[0].partition("=")[2]
    # what an earlier version had turned on for all interfaces
    earlier = {"ip_forward=0": ("all",), "ip_forward=1": ()}
    names = earlier.get(words[0], tuple(name for name in lent.split(":") if name))
    return Owner(words[2], names, words[1] == "netns=1")


def foreign(folder: str) -> str | None:
    """The folder of another checkout's lab that is up here, if there is one."""
    found = owner()
    return None if found is None or found.belongs_to(folder) else found.folder


def mount_points(below: str) -> list[str]:
    """What is mounted at a path or below it, the innermost first."""
    lines = pathlib.Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    escaped = [line.split()[4] for line in lines]
    points = [re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), point) for point in escaped]
    return [p for p in reversed(points) if p == below or p.startswith(below + "/")]


# --- processes ----------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Process:
    """A systemd-nspawn that runs a machine of this lab."""

    pid: int
    argv: list[str]
    root: str


def processes(machines: str) -> list[Process]:
    """Every systemd-nspawn whose root lies right below a folder: ours, by its own command line."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            argv = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
            parent = parent_of(int(folder.name))
        except (OSError, ValueError):
            continue  # it ended meanwhile
        if not argv or pathlib.Path(argv[0]).name != "systemd-nspawn":
            continue
        roots = [a.removeprefix("--directory=") for a in argv if a.startswith("--directory=")]
        if roots and str(pathlib.Path(roots[0]).parent) == machines:
            found.append((parent, Process(int(folder.name), argv, roots[0])))
    pids = {process.pid for _, process in found}
    # while it starts, systemd-nspawn has forks of itself: the first of them is the machine
    return [process for parent, process in found if parent not in pids]


def parent_of(pid: int) -> int:
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text(errors="replace")
    return int(stat.rpartition(")")[2].split()[1])


def children_of(pid: int) -> list[int]:
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if parent_of(int(folder.name)) == pid:
                found.append(int(folder.name))
        except (OSError, ValueError):
            continue
    return found


# --- CPUs ---------------------------------------------------------------------------------------


def cores(cpus: Sequence[int], topology: str = "/sys/devices/system/cpu") -> list[list[int]]:
    """CPUs grouped by the core they are threads of, in order."""
    grouped: dict[tuple[int, int], list[int]] = {}
    for cpu in sorted(cpus):
        about = pathlib.Path(topology, f"cpu{cpu}", "topology")
        try:
            package = int((about / "physical_package_id").read_text(errors="replace"))
            core = int((about / "core_id").read_text(errors="replace"))
        except (OSError, ValueError):
            package, core = -1, cpu  # not said: every CPU a core of its own
        grouped.setdefault((package, core), []).append(cpu)
    return [grouped[key] for key in sorted(grouped)]


def share_cpus(
    units: Sequence[Sequence[int]], servers: Sequence[str], generators: Sequence[str]
) -> dict[str, list[int]]:
    """Half of the cores to the servers, the rest to the generators; with one CPU all share it.

    Threads of one core stay on one side wherever there is more than one core, because a generator
    on the other thread of a server's core slows that server down.
    """
    everything = sorted(cpu for unit in units for cpu in unit)
    if len(everything) == 1:
        return dict.fromkeys([*servers, *generators], everything)
    if len(units) == 1:
        units = [[cpu] for cpu in everything]
    half = len(units) // 2
    return _deal(units[:half], servers) | _deal(units[half:], generators)


def _deal(units: Sequence[Sequence[int]], names: Sequence[str]) -> dict[str, list[int]]:
    if len(units) < len(names):
        units = [[cpu] for unit in units for cpu in unit]
    if len(units) < len(names):
        return {name: list(units[i % len(units)]) for i, name in enumerate(names)}
    cuts = [len(units) * i // len(names) for i in range(len(names) + 1)] if names else []
    return {
        name: sorted(cpu for unit in units[cuts[i] : cuts[i + 1]] for cpu in unit)
        for i, name in enumerate(names)
    }


def cpu_list(cpus: Sequence[int]) -> str:
    """[0, 1, 2, 5] as 0-2,5."""
    parts: list[list[int]] = []
    for cpu in sorted(set(cpus)):
        if parts and cpu == parts[-1][-1] + 1:
            parts[-1].append(cpu)
        else:
            parts.append([cpu])
    return ",".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)
