"""The lab, brought up once for all its tests, and taken down only if it was not up before."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lab.roles.lab.module_utils.lab import unit

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SUDO = [] if os.geteuid() == 0 else ["sudo", "-n"]
SBIN = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}


def as_root(*argv: str, check: bool = True) -> str:
    done = subprocess.run(
        [*SUDO, *argv], capture_output=True, text=True, check=False, timeout=60, env=SBIN
    )
    assert done.returncode == 0 or not check, f"{argv}: {done.stderr}"
    return done.stdout


@dataclasses.dataclass(frozen=True)
class Trace:
    """All that a lab could leave on its controller."""

    namespaces: frozenset[str]
    links: frozenset[str]
    mounts: frozenset[str]
    processes: frozenset[str]
    tables: frozenset[str]
    rules: frozenset[str]
    cgroups: frozenset[str]
    runtime: frozenset[str]
    forwarding: frozenset[str]

    @classmethod
    def take(cls) -> Trace:
        ruleset = json.loads(as_root("nft", "-j", "list", "ruleset"))["nftables"]
        links = json.loads(as_root("ip", "-json", "link", "show"))
        # a second lab beside this one, and what runs in machines, have process numbers of their own
        ours = f"{Path('/proc/self/ns/pid').stat().st_ino} "
        listed = as_root("ps", "-e", "-o", "pidns=,args=").splitlines()
        arguments = [line for line in map(str.strip, listed) if line.startswith(ours)]
        machines = f"*{unit(str(ROOT / '.lab'), '*')}*"
        groups = as_root("find", "/sys/fs/cgroup", "-name", machines, check=False)
        runtime = as_root("find", "/run/netns", "/run/systemd/nspawn", check=False)
        return cls(
            namespaces=frozenset(as_root("ip", "netns", "list").splitlines()),
            links=frozenset(entry["ifname"] for entry in links),
            mounts=frozenset(
                line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()
            ),
            processes=frozenset(
                line for line in arguments if re.search(r"systemd-nspawn|ssh.*\[mux\]|apb-", line)
            ),
            tables=frozenset(str(entry["table"]["name"]) for entry in ruleset if "table" in entry),
            rules=frozenset(str(entry["rule"]["expr"]) for entry in ruleset if "rule" in entry),
            cgroups=frozenset(groups.splitlines()),
            runtime=frozenset(line for line in runtime.splitlines() if line.count("/") > 4),
            forwarding=frozenset(
                path.parent.name
                for path in Path("/proc/sys/net/ipv4/conf").glob("*/forwarding")
                if path.read_text() == "1\n"
            ),
        )


@dataclasses.dataclass(frozen=True)
class Lab:
    """The lab of `inventory`, which is up."""

    inventory: Path
    was_up: bool
    before: Trace
    first: subprocess.CompletedProcess[str]  # how it was brought up

    def playbook(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return playbook(str(ROOT / name), "-i", str(self.inventory), *arguments)

    def shell(self, command: str, hosts: str = "servers:loadgens") -> dict[str, str]:
        """Run a command on machines, all at once; what each printed, with its lines in one.

        hosts: names of groups or machines, with `:` between them.
        """
        addresses = self.addresses(hosts)
        processes = {
            name: subprocess.Popen(
                [*ssh(address), f"exec sh -c {shlex.quote(command)}"], cwd=ROOT,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
            for name, address in addresses.items()
        }  # fmt: skip
        found = {}
        for name, process in processes.items():
            said, errors = process.communicate(timeout=900)
            assert process.returncode == 0, f"{name}: {command}: {said!r} {errors!r}"
            found[name] = said.decode().rstrip("\r\n").replace("\n", "\\n")
        return found

    def addresses(self, hosts: str) -> dict[str, str]:
        """Of machines by name, as the inventory's own file has them."""
        document = yaml.safe_load((self.inventory / "hosts.yml").read_text())
        groups = {name: group["hosts"] for name, group in document["lab"]["children"].items()}
        every = {name: words for group in groups.values() for name, words in group.items()}
        names = [name for word in hosts.split(":") for name in groups.get(word, [word])]
        return {name: every[name]["ansible_host"] for name in names}

    def shell_by_ansible(self, command: str, hosts: str = "servers:loadgens") -> dict[str, str]:
        """The same, as Ansible reaches them, which takes 2 s."""
        argv = [
            str(BIN / "ansible"),
            hosts,
            "-i",
            str(self.inventory),
            "-m",
            "shell",
            "-a",
            command,
        ]
        # a line a host, which begins with its name
        done = subprocess.run(
            [*argv, "--one-line"], cwd=ROOT, env=SBIN, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found = re.findall(r"(?m)^(\S+) \| \w+ \| rc=0 \| \(stdout\) (.*)$", done.stdout)
        return dict(found)


def ssh(address: str) -> list[str]:
    """How a machine is reached from the project's folder, by a connection of its own."""
    return [
        "ssh", "-F", "none", "-i", ".lab/ssh/id_ed25519", "-o", "ConnectTimeout=5",
        "-o", "UserKnownHostsFile=.lab/ssh/known_hosts", f"root@{address}",
    ]  # fmt: skip


def playbook(*arguments: str, timeout: int = 900) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "ansible-playbook"), *arguments],
        cwd=ROOT,
        env=SBIN | {"ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    inventory = ROOT / "inventory" / "lab"
    before = Trace.take()
    was_up = "apb0" in before.links
    first = playbook("lab/up.yml", "-i", str(inventory))
    assert first.returncode == 0, first.stdout + first.stderr
    yield Lab(inventory, was_up, before, first)
    if not was_up:
        down = playbook("lab/down.yml", "-i", str(inventory))
        assert down.returncode == 0, down.stdout + down.stderr


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need quiet come late, those that take something down after them.

    The test of the lab itself is the last one.
    """
    items.sort(key=when)


def when(item: pytest.Item) -> int:
    if item.get_closest_marker("takes_lab_down") is not None:
        return 3 if item.path.is_relative_to(ROOT / "lab") else 2
    return 1 if item.get_closest_marker("quiet") is not None else 0


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture of a test that needs quiet: wait until what runs beside it has ended."""
    others = os.environ.get("BENCH_TEST_OTHERS")
    if others and item.get_closest_marker("quiet") is not None:
        with open(others) as file:  # noqa: PTH123 (a lock)
            fcntl.flock(file, fcntl.LOCK_SH)
