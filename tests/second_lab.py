"""A second lab beside the first one, with a copy of this folder, for tests that run meanwhile.

Two labs have the same names and addresses, so the second one is brought up in namespaces: its
network, mounts and processes are its own. All of it is gone with the process that keeps it, which
ends when the one who asked for it has ended, in whatever way.
"""

from __future__ import annotations

import importlib
import os
import pwd
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.roles.lab.module_utils import lab

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".second-lab"
NAME = "second-lab"  # of the interface on this computer's side, and of rules
TABLE = "second_lab"
NETWORK, HERE, THERE = "198.19.255.252/30", "198.19.255.253", "198.19.255.254"
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv*", ".lab", ".cloud", FOLDER.name, ".*_cache", "__pycache__"
)
SHARE_IMAGE = f"""
cd {shlex.quote(str(ROOT))} && mkdir -p {FOLDER.name}/.lab/image &&
  cp --link .lab/image/*.tar {FOLDER.name}/.lab/image/ 2>/dev/null
exec "$@"
"""
"""For a shell: if the first lab has an image already, the second one need not make its own."""
OWN = ("netns", "systemd")
"""What of /run is the lab's own. Without systemd there it starts its machines itself."""
SUDO = [] if os.geteuid() == 0 else ["sudo", "-n"]


class NotMade(Exception):  # noqa: N818
    """There is no second lab."""


class NotRemoved(Exception):  # noqa: N818
    """Something of it may be left; stderr has what."""


@contextmanager
def up() -> Iterator[tuple[str, ...]]:
    """The words before a command that run it there as this user, in the copy.

    Raises NotMade if it cannot be made, NotRemoved if something is left; stderr has the reason.
    """
    control_paths().mkdir(mode=0o700, parents=True, exist_ok=True)
    keeper = subprocess.Popen(
        [*SUDO, sys.executable, "-m", "tests.second_lab", "keep", str(os.getuid())],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        start_new_session=True,  # Ctrl-C is not for it
    )  # fmt: skip
    assert keeper.stdin
    assert keeper.stdout
    try:
        pid = keeper.stdout.readline().strip()
        if not pid:
            raise NotMade
        shutil.copytree(ROOT, FOLDER, symlinks=True, ignore=not_copied)
        yield words(pid)
    finally:
        keeper.stdin.close()
        left = keeper.wait()
    if left:
        raise NotRemoved


def not_copied(folder: str, names: list[str]) -> set[str]:
    if folder == str(ROOT / "results"):
        return set(names) - {"example"}
    return NOT_COPIED(folder, names)


def words(pid: str) -> tuple[str, ...]:
    into = ("nsenter", "--target", pid, "--mount", "--net", "--pid")
    enter = (*into, "sh", "-c", SHARE_IMAGE, "sh")
    where = ("env", f"--chdir={FOLDER}", f"PYTHONPATH={FOLDER}")
    if not SUDO:
        return (*enter, *where)
    user = pwd.getpwuid(os.getuid())
    as_user = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={os.getgid()}", "--init-groups")
    kept = [f"{name}={os.environ.get(name, user.pw_name)}" for name in ("USER", "LOGNAME")]
    own = (f"HOME={Path.home()}", f"PATH={os.environ['PATH']}", *kept)
    return ("sudo", "-n", "-E", *enter, *as_user, *where, *own)


def control_paths() -> Path:
    """Where Ansible keeps the sockets of its connections, by addresses that both labs have."""
    return Path.home() / ".ansible" / "cp"


# --- of root: outside of the namespaces ----------------------------------------------------------


def keep(user: int) -> None:
    """Make it, print the number of a process in it, and remove it when the input ends."""
    network = module("lab_network").Network(str(FOLDER / ".lab"))
    remove()
    lent: list[str] = []
    inside = subprocess.Popen(
        ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
         sys.executable, "-m", "tests.second_lab", "inside", str(user)],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert inside.stdout
    try:
        if not inside.stdout.readline():
            return
        (pid,) = lab.children_of(inside.pid)
        connect(pid)
        lent += make_way_out(network)
        print(pid, flush=True)
        sys.stdin.read()
    finally:
        inside.kill()  # and with it, everything that runs inside
        inside.wait()
        remove()  # the interface, too, which the kernel would remove at some later moment
        network.let_through_no_more(NAME)
        network.give_back(tuple(lent))


def connect(pid: int) -> None:
    inside = ["nsenter", "--target", str(pid), "--net"]
    for command in (
        ["ip", "link", "add", NAME, "type", "veth", "peer", "name", "eth0", "netns", str(pid)],
        ["ip", "address", "add", f"{HERE}/30", "dev", NAME],
        ["ip", "link", "set", NAME, "up"],
        [*inside, "ip", "link", "set", "lo", "up"],
        [*inside, "ip", "address", "add", f"{THERE}/30", "dev", "eth0"],
        [*inside, "ip", "link", "set", "eth0", "up"],
        [*inside, "ip", "route", "add", "default", "via", HERE],
        [*inside, "sysctl", "-qw", "net.ipv4.ip_forward=0"],
    ):
        lab.run(*command)


def make_way_out(network: Any) -> list[str]:
    """As the lab makes one for its machines; which interfaces forward since."""
    chain = "chain postrouting { type nat hook postrouting priority srcnat;"
    table = f"table ip {TABLE} {{ {chain} ip saddr {NETWORK} masquerade; }}; }}\n"
    lab.run("nft", "-f", "-", stdin=table)
    network.let_through(NAME, NAME)
    lab_network = module("lab_network")
    lent = sorted(lab_network.ways_out() - lab_network.forwarding() - {NAME})
    for interface in (NAME, *lent):
        network.forward(interface, on=True)
    return lent


def remove() -> None:
    """What of it is there; also of one whose keeper was killed."""
    lab_machines = module("lab_machines")
    lab.run("ip", "link", "delete", NAME, check=False)
    lab.run("nft", "delete", "table", "ip", TABLE, check=False)
    for pattern in lab_machines.cgroups(lab.unit(str(FOLDER / ".lab"), "*")):
        for group in pattern.parent.glob(pattern.name):
            lab_machines.remove_cgroups(group.name)
    lab.run("rm", "-rf", "--one-file-system", "--", str(FOLDER))


def module(name: str) -> Any:
    """A module of the lab's role, which finds its own as Ansible gives it."""
    if str(ROOT / "files") not in sys.path:
        sys.path.append(str(ROOT / "files"))
    for own in ("host", "host.lease"):
        sys.modules.setdefault(f"ansible.module_utils.{own}", importlib.import_module(own))
    sys.modules.setdefault("ansible.module_utils.lab", lab)
    return importlib.import_module(f"lab.roles.lab.library.{name}")


# --- of root: inside -----------------------------------------------------------------------------


def hold(user: int) -> None:
    """Be the first process in there, which ends all others when it ends."""
    resolver = module("lab_plan").resolver()
    own_run()
    own_resolver(resolver)
    person = pwd.getpwuid(user)
    options = f"uid={person.pw_uid},gid={person.pw_gid},mode=700"
    lab.run("mount", "-t", "tmpfs", "-o", options, "none", f"{person.pw_dir}/.ansible/cp")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever ends here leaves nothing to wait for
    print("ready", flush=True)
    while True:
        signal.pause()


def own_run() -> None:
    """A /run with all that is in this computer's, except for what is the lab's own."""
    new = Path(tempfile.mkdtemp())
    lab.run("mount", "-t", "tmpfs", "-o", "mode=755", "none", str(new))
    for entry in Path("/run").iterdir():
        target = new / entry.name
        if entry.name in OWN:
            continue
        if entry.is_symlink():
            target.symlink_to(entry.readlink())
        else:
            target.mkdir() if entry.is_dir() else target.touch()
            lab.run("mount", "--rbind", str(entry), str(target))
    lab.run("mount", "--move", str(new), "/run")
    new.rmdir()


def own_resolver(text: str) -> None:
    """Servers that only this computer's own loopback reaches are not there."""
    file = Path(os.path.realpath("/etc/resolv.conf"))
    if file.exists():
        own = Path("/run/resolv.conf")
        own.write_text(text)
        lab.run("mount", "--bind", str(own), str(file))
    else:  # it was in systemd's part of /run
        file.parent.mkdir(parents=True)
        file.write_text(text)


if __name__ == "__main__":
    {"keep": keep, "inside": hold}[sys.argv[1]](int(sys.argv[2]))
