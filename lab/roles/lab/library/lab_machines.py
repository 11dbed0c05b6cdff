#!/usr/bin/python
"""The lab's machines: their roots, the files that make each its own, and their processes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lab_machines
short_description: Start or remove the lab's systemd-nspawn machines
description:
  - C(started) unpacks a root for every machine that has none, writes its files, starts those that
    do not run (or run otherwise than asked), and waits until sshd answers on all of them. Machines
    of this lab that are not listed are stopped and removed.
  - C(absent) stops every machine of this lab and removes its root.
  - A process is known by its own command line, never by a stored number.
options:
  state:
    description: What they are to be.
    type: str
    choices: [started, absent]
    default: started
  folder: {description: The lab's folder., type: path, required: true}
  image: {description: A tar archive of a root; needed for C(started)., type: path}
  machines:
    description: The machines as lab_plan returns them; needed for C(started).
    type: list
    elements: dict
  host_keys:
    description: The folder of the machines' ssh host keys, by name; needed for C(started).
    type: path
  files:
    description:
      - Files that all machines have. They are compared every time the lab is brought up, so
        that machines follow the controller to another network.
    type: list
    elements: dict
    default: []
  timeout: {description: Seconds until sshd must answer., type: int, default: 60}
"""

EXAMPLES = r"""
- name: Start the machines
  lab_machines:
    folder: /home/me/project/.lab
    image: /home/me/project/.lab/image/trixie.tar
    machines: "{{ __lab_plan.machines }}"
    host_keys: /home/me/project/.lab/ssh
    files:
      - {path: /root/.ssh/authorized_keys, content: "ssh-ed25519 ...", mode: "0600"}
"""

RETURN = r"""
done: {description: What was changed., returned: always, type: list, elements: str}
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.lab import (
    ENVIRONMENT,
    NETNS,
    LabError,
    Process,
    children_of,
    mount_points,
    processes,
    run,
    unit,
)

GUEST = ENVIRONMENT | {
    # systemd-nspawn needs telling: what the controller's systemd uses says nothing about the guest
    "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
    # a machine may set what belongs to its own network, as one of metal may: /proc/sys/net
    "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",
}
STOP_S = 30


class Machines:
    def __init__(self, folder: str, host_keys: str | None, timeout: int) -> None:
        self.folder = folder
        self.machines = f"{folder}/machines"
        self.host_keys = host_keys or ""
        self.timeout = timeout
        self.done: list[str] = []

    def unit(self, machine: str) -> str:
        name: str = unit(self.folder, machine)
        return name

    def argv(self, machine: dict[str, Any]) -> list[str]:
        # in full, because systemd-run starts it like that, and this is compared with what runs
        program = shutil.which("systemd-nspawn", path=ENVIRONMENT["PATH"]) or "systemd-nspawn"
        return [
            program,
            "--quiet",
            "--boot",
            "--register=no",
            "--keep-unit",
            "--link-journal=no",
            "--resolv-conf=off",
            "--timezone=off",
            "--capability=CAP_NET_ADMIN",
            f"--machine={self.unit(machine['name'])}",
            f"--hostname={machine['name']}",
            f"--directory={machine['root']}",
            f"--network-namespace-path={NETNS}/{machine['netns']}",
            f"--cpu-affinity={machine['cpus']}",
        ]

    # --- started

    def started(
        self, machines: list[dict[str, Any]], image: str, files: list[dict[str, Any]]
    ) -> None:
        pathlib.Path(self.machines).mkdir(mode=0o700, exist_ok=True)
        wanted = {machine["root"]: self.argv(machine) for machine in machines}
        running = {p.root: p for p in processes(self.machines)}
        wrong = [p for p in running.values() if wanted.get(p.root) != p.argv or not in_namespace(p)]
        self.stop(wrong)
        self.remove_roots(keep=set(wanted))
        for machine in machines:
            root = pathlib.Path(machine["root"])
            if not root.exists():
                self.unpack(image, root)
            own = [*files, *self.own_files(machine)]
            for file in {file["path"]: file for file in own}.values():
                self.write(root, file)
        stopped = {p.root for p in wrong}
        for machine in machines:
            if machine["root"] not in running or machine["root"] in stopped:
                self.start(machine)
        deadline = time.monotonic() + self.timeout
        for machine in machines:
            self.wait(machine, deadline)

    def unpack(self, image: str, root: pathlib.Path) -> None:
        part = root.with_name(f".{root.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o755)
        run("tar", "--extract", "--numeric-owner", f"--directory={part}", f"--file={image}")
        part.rename(root)
        self.done.append(f"unpacked {root.name}")

    def own_files(self, machine: dict[str, Any]) -> list[dict[str, Any]]:
        """Files of one machine alone, some of them instead of those that all have."""
        name = machine["name"]
        key = pathlib.Path(self.host_keys, name)
        path = "/etc/ssh/ssh_host_ed25519_key"
        return [
            {"path": "/etc/hostname", "content": f"{name}\n"},
            {"path": path, "content": key.read_text(errors="replace"), "mode": "0600"},
            {"path": f"{path}.pub", "content": key.with_suffix(".pub").read_text(errors="replace")},
            *([{"path": "/etc/resolv.conf", "content": ""}] if machine["isolated"] else []),
        ]

    def write(self, root: pathlib.Path, file: dict[str, Any]) -> None:
        """Replace files and check folders: a link in a machine's root must not lead out of it."""
        target = root / file["path"].lstrip("/")
        mode = int(file.get("mode", "0644"), 8)
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if target.parent.resolve() != target.parent:
            raise LabError(
                f"{target.parent} leads out of the machine: run lab/down.yml, then lab/up.yml."
            )
        content = file["content"].encode()
        same = target.is_file() and not target.is_symlink() and target.read_bytes() == content
        if same and target.stat().st_mode & 0o7777 == mode:
            return
        new = target.with_name(f".{target.name}.lab")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
            stream.write(content)
            os.fchmod(stream.fileno(), mode)
        new.replace(target)
        self.done.append(f"wrote {file['path']} of {root.name}")

    def start(self, machine: dict[str, Any]) -> None:
        log = self.log(machine)
        log.parent.mkdir(exist_ok=True)
        unit = self.unit(machine["name"])
        forget(unit)  # it may have been killed
        if under_systemd():
            properties = {
                "Delegate": "yes",
                "KillMode": "mixed",
                "TasksMax": "infinity",
                "TimeoutStopSec": str(STOP_S),
                "StandardOutput": f"append:{log}",
                "StandardError": f"append:{log}",
                "SuccessExitStatus": "133",
            }
            run(
                *("systemd-run", "--quiet", "--collect", f"--unit={unit}"),
                *(f"--property={key}={value}" for key, value in properties.items()),
                *(f"--setenv={key}={value}" for key, value in GUEST.items()),
                *("--", *self.argv(machine)),
            )
        else:
            with log.open("ab") as stream:
                subprocess.Popen(
                    self.argv(machine),
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=stream,
                    env=GUEST,
                    start_new_session=True,
                    preexec_fn=lambda: enter_cgroup(unit),  # noqa: PLW1509  no threads here
                )
        self.done.append(f"started {machine['name']}")

    def log(self, machine: dict[str, Any]) -> pathlib.Path:
        return pathlib.Path(self.folder, "log", f"{machine['name']}.log")

    def wait(self, machine: dict[str, Any], deadline: float) -> None:
        said = "nothing answered"
        while time.monotonic() < deadline:
            try:
                with socket.create_connection((machine["address"], 22), timeout=2) as connection:
                    if connection.recv(4) == b"SSH-":
                        return
            except OSError as error:
                said = str(error)
            if not any(p.root == machine["root"] for p in processes(self.machines)):
                said = "its systemd-nspawn has ended"
                time.sleep(0.5)  # or has not begun: systemd-run returns before it executes
                if not any(p.root == machine["root"] for p in processes(self.machines)):
                    break
            time.sleep(0.1)
        log = self.log(machine)
        end = log.read_text(errors="replace").splitlines()[-5:] if log.exists() else []
        raise LabError(
            f"{machine['name']} ({machine['address']}) did not come up: {said}. "
            f"The end of {log}: {' | '.join(end) or 'empty'}"
        )

    # --- absent

    def absent(self) -> None:
        self.stop(processes(self.machines))
        self.remove_roots(keep=set())

    def stop(self, found: list[Process]) -> None:
        """An orderly shutdown of all at once; what does not end in time is killed."""
        for process in found:
            send(process.pid, signal.SIGTERM)
        inits = {p.pid: children_of(p.pid) for p in found}
        left = wait_for_end(found, self.machines, STOP_S)
        for process in left:
            send(process.pid, signal.SIGKILL)  # the machine's init is killed with it
        if wait_for_end(left, self.machines, 5):
            raise LabError(f"{left[0].root}: process {left[0].pid} does not end.")
        wait_for_pids([pid for p in left for pid in inits[p.pid]], 5)
        for process in found:
            name = pathlib.Path(process.root).name.partition(".")[0]
            forget(self.unit(name))
            self.done.append(f"stopped {name}")

    def remove_roots(self, keep: set[str]) -> None:
        folder = pathlib.Path(self.machines)
        for root in sorted(folder.iterdir()) if folder.is_dir() else []:
            if str(root) in keep or root.name.endswith(".lck"):
                continue
            held = mount_points(str(root))
            if held:
                raise LabError(f"{held[0]} is still mounted: {root} was not removed.")
            forget(self.unit(root.name.partition(".")[0]))
            run("rm", "-rf", "--one-file-system", "--", str(root))
            self.done.append(f"removed {root.name}")


def in_namespace(process: Process) -> bool:
    """Whether it still is where its name leads: namespaces can be deleted and made again."""
    path = next(a.partition("=")[2] for a in process.argv if a.startswith("--network-namespace"))
    try:
        named = pathlib.Path(path).stat().st_ino
        inits = children_of(process.pid)
        return {pathlib.Path(f"/proc/{pid}/ns/net").stat().st_ino for pid in inits} == {named}
    except OSError:
        return False


def under_systemd() -> bool:
    return pathlib.Path("/run/systemd/system").is_dir()


def send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended by itself
        os.kill(pid, number)


def wait_for_end(found: list[Process], machines: str, seconds: float) -> list[Process]:
    deadline = time.monotonic() + seconds
    while found and time.monotonic() < deadline:
        alive = {p.pid for p in processes(machines)}
        found = [p for p in found if p.pid in alive]
        time.sleep(0.1)
    return found


def wait_for_pids(pids: list[int], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(
        pathlib.Path(f"/proc/{pid}").exists() for pid in pids
    ):
        time.sleep(0.1)


def cgroups(name: str) -> list[pathlib.Path]:
    """The control groups of a machine, which it is given where no systemd makes one for it.

    Without them every systemd-nspawn on such a controller would put its machine into the same
    one, and the machines' systemds would kill each other's processes.
    """
    mounts = {}
    for line in pathlib.Path("/proc/self/mountinfo").read_text(errors="replace").splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options.split(",")):
            mounts[kind] = left.split()[4]
    return [pathlib.Path(mount, name) for mount in mounts.values()]


def enter_cgroup(unit: str) -> None:
    for group in cgroups(unit):
        group.mkdir(exist_ok=True)
        (group / "cgroup.procs").write_text(f"{os.getpid()}\n")


def forget(unit: str) -> None:
    """Remove what a killed systemd-nspawn leaves outside of the lab's folder.

    The machine itself outlives it; where systemd runs the controller, it ends the whole unit.
    """
    group = unit
    if under_systemd():
        run("systemctl", "stop", f"{unit}.service", check=False)
        run("systemctl", "reset-failed", f"{unit}.service", check=False)
        group = f"system.slice/{unit}.service"  # it stays where something in it was still ending
    remove_cgroups(group)
    for runtime in (f"/run/systemd/nspawn/{kind}/{unit}" for kind in ("propagate", "unix-export")):
        for point in mount_points(runtime):
            run("umount", point, check=False)
        run("rm", "-rf", "--one-file-system", "--", runtime, check=False)


def remove_cgroups(name: str) -> None:
    groups = [group for group in cgroups(name) if group.is_dir()]
    deadline = time.monotonic() + 5
    while (pids := members(groups)) and time.monotonic() < deadline:
        for pid in pids:
            send(pid, signal.SIGKILL)
        time.sleep(0.1)
    if pids:
        raise LabError(f"Processes of {name} do not end: {', '.join(map(str, sorted(pids)))}.")
    for group in groups:
        for inner, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                pathlib.Path(inner).rmdir()


def members(groups: list[pathlib.Path]) -> set[int]:
    """Everything that runs in a machine's control groups, which hold nothing else."""
    found: set[int] = set()
    for file in (file for group in groups for file in group.rglob("cgroup.procs")):
        with contextlib.suppress(OSError):  # the machine's systemd removes some meanwhile
            found |= {int(word) for word in file.read_text(errors="replace").split()}
    return found - {0}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["started", "absent"], "default": "started"},
            "folder": {"type": "path", "required": True},
            "image": {"type": "path"},
            "machines": {"type": "list", "elements": "dict"},
            "host_keys": {"type": "path"},
            "files": {"type": "list", "elements": "dict", "default": []},
            "timeout": {"type": "int", "default": 60},
        },
        required_if=[("state", "started", ("image", "machines", "host_keys"))],
    )
    p = module.params
    machines = Machines(os.path.realpath(p["folder"]), p["host_keys"], p["timeout"])
    try:
        if p["state"] == "started":
            machines.started(p["machines"], p["image"], p["files"])
        else:
            machines.absent()
    except LabError as error:
        module.fail_json(msg=str(error), done=machines.done)
    module.exit_json(changed=bool(machines.done), done=machines.done)


if __name__ == "__main__":
    main()
