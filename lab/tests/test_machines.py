"""The lab is machines like any others, and leaves no trace."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lab.roles.lab.module_utils.lab import TABLE, processes
from lab.tests.fixture import as_root
from tests.commands import ROOT, filled, run

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.lab

MACHINES = {"lab-server": "198.18.0.11", "lab-loadgen": "198.18.0.21"}
SUDO = [] if os.geteuid() == 0 else ["sudo", "-n"]


def changed(done: subprocess.CompletedProcess[str]) -> int:
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"localhost +: ok=\d+ +changed=(\d+)", done.stdout)
    assert found, done.stdout
    return int(found[1])


def nft(text: str) -> str:
    done = subprocess.run(
        [*SUDO, "/usr/sbin/nft", "-f", "-"], input=text, capture_output=True, text=True, check=True
    )
    return done.stdout


def ruleset() -> str:
    done = subprocess.run(
        [*SUDO, "/usr/sbin/nft", "list", "ruleset"], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_machines_are_reached_as_the_inventory_says(lab: Any) -> None:
    addresses = lab.shell_by_ansible("ip -brief -4 address show eth0")
    assert {name: line.split()[2] for name, line in addresses.items()} == {
        name: f"{address}/24" for name, address in MACHINES.items()
    }
    assert lab.shell_by_ansible("hostname") == {name: name for name in MACHINES}


def test_machines_are_run_by_systemd_with_nothing_failed(lab: Any) -> None:
    lab.shell("systemctl is-system-running --wait || true")
    # a framework that failed in a measurement is the measurement's business
    failed = "systemctl list-units --failed --plain --no-legend | grep -v pipeline-bench || true"
    assert set(lab.shell(failed).values()) <= {""}
    assert set(lab.shell("cat /proc/1/comm").values()) == {"systemd"}


def test_machines_reach_each_other_by_name(lab: Any) -> None:
    for name in MACHINES:
        there = lab.shell(f"python3 -c 'import socket; socket.create_connection((\"{name}\", 22))'")
        assert set(there) == set(MACHINES)


def test_machines_trust_and_resolve_what_the_controller_does(lab: Any) -> None:
    assert set(lab.shell("echo $SSL_CERT_FILE").values()) == {"/etc/ssl/certs/ca-certificates.crt"}
    sums = lab.shell("sha256sum </etc/ssl/certs/ca-certificates.crt")
    bundle = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
    with Path(bundle).open("rb") as stream:
        here = subprocess.run(
            ["sha256sum"], stdin=stream, capture_output=True, text=True, check=True
        )
    assert {line.strip() for line in sums.values()} == {here.stdout.strip()}
    assert all("nameserver" in line for line in lab.shell("cat /etc/resolv.conf").values())


def test_cpus_are_split_between_server_and_generator(lab: Any) -> None:
    lines = lab.shell("python3 -c 'import os; print(*sorted(os.sched_getaffinity(0)))'")
    cpus = {name: {int(word) for word in line.split()} for name, line in lines.items()}
    ours = os.sched_getaffinity(0)
    assert cpus["lab-server"] | cpus["lab-loadgen"] == ours
    if len(ours) > 1:
        assert not cpus["lab-server"] & cpus["lab-loadgen"]


def test_brought_up_again_it_stays_as_it_is(lab: Any) -> None:
    lab.playbook("lab/up.yml")
    boots = lab.shell("systemctl show --property=UserspaceTimestamp --value")
    assert changed(lab.playbook("lab/up.yml")) == 0
    assert lab.shell("systemctl show --property=UserspaceTimestamp --value") == boots


def test_a_machine_that_died_is_brought_up_again(lab: Any) -> None:
    machines = lab.inventory.parents[1] / ".lab" / "machines"
    (pid,) = [p.pid for p in processes(str(machines)) if "/lab-loadgen." in p.root]
    boots = lab.shell("systemctl show --property=UserspaceTimestamp --value")
    subprocess.run([*SUDO, "kill", "-KILL", str(pid)], check=True)
    assert changed(lab.playbook("lab/up.yml")) == 1
    # the machine outlives its systemd-nspawn, and must not be the one that answers
    again = lab.shell("systemctl show --property=UserspaceTimestamp --value")
    assert [name for name in MACHINES if again[name] != boots[name]] == ["lab-loadgen"]
    failed = lab.shell("systemctl list-units --failed --plain --no-legend", "loadgens")
    assert failed == {"lab-loadgen": ""}


@pytest.fixture
def drops_forwarded() -> Iterator[None]:
    """A table as docker and ufw make it, except that it harms nobody else's packets."""
    nft(
        "table inet apb_test { chain forward { type filter hook forward priority 10; policy drop;"
        ' iifname != "apb0" oifname != "apb0" accept; }; }\n'
    )
    yield
    nft("delete table inet apb_test\n")


@pytest.mark.usefixtures("drops_forwarded")
def test_where_forwarded_packets_are_dropped_the_bridge_is_let_through(lab: Any) -> None:
    assert changed(lab.playbook("lab/up.yml")) == 1
    chain = ruleset().partition("table inet apb_test")[2].partition("}")[0]
    rules = [line.strip() for line in chain.splitlines() if "apb-lab" in line]
    assert sorted(rules) == [
        'iifname "apb0" accept comment "apb-lab"',
        'oifname "apb0" accept comment "apb-lab"',
    ]
    assert changed(lab.playbook("lab/up.yml")) == 0


CONNECT = "import socket; socket.create_connection(('198.18.0.11', 22), 2)"


@pytest.fixture
def outsider() -> Iterator[str]:
    """Another computer, which knows this one as its way to everywhere: a network namespace."""
    name = "apbtest-outsider"
    for command in (
        f"netns add {name}",
        f"link add apbtest0 type veth peer name eth0 netns {name}",
        "address add 10.254.254.1/30 dev apbtest0",
        "link set apbtest0 up",
        f"-n {name} address add 10.254.254.2/30 dev eth0",
        f"-n {name} link set eth0 up",
        f"-n {name} route add default via 10.254.254.1",
    ):
        as_root("ip", *command.split())
    # as if it were a router for that one, which the lab does not make it
    as_root("sysctl", "-qw", "net.ipv4.conf.apbtest0.forwarding=1")
    yield name
    as_root("ip", "netns", "del", name)


@pytest.mark.usefixtures("lab")
def test_another_computer_does_not_reach_the_machines(outsider: str) -> None:
    def reaches() -> bool:
        argv = ["ip", "netns", "exec", outsider, sys.executable, "-c", CONNECT]
        return subprocess.run([*SUDO, *argv], check=False, capture_output=True).returncode == 0

    assert not reaches()
    chain = as_root("nft", "list", "chain", "ip", TABLE, "forward")
    as_root("nft", "flush", "chain", "ip", TABLE, "forward")
    try:
        assert reaches()  # it is the rules that keep it out
    finally:
        nft(chain)


def test_the_lab_of_another_checkout_is_refused(lab: Any, tmp_path: Path) -> None:
    done = lab.playbook("lab/up.yml", "-e", f"lab_folder={tmp_path / 'other'}")
    assert done.returncode != 0
    assert "Another lab is up on this machine" in done.stdout
    assert not (tmp_path / "other").exists()
    # nor is it taken down from there
    down = lab.playbook("lab/down.yml", "-e", f"lab_folder={tmp_path / 'other'}")
    assert changed(down) == 0
    assert set(lab.shell("hostname")) == set(MACHINES)


def test_an_address_of_somebody_else_is_refused(lab: Any, tmp_path: Path) -> None:
    hosts = tmp_path / "hosts.yml"
    hosts.write_text(
        "servers: {hosts: {a: {ansible_host: 192.0.2.1}}}\n"
        "loadgens: {hosts: {b: {ansible_host: 198.18.0.12}}}\n"
    )
    done = lab.playbook("lab/up.yml", "-i", str(hosts))
    assert done.returncode != 0
    assert "Is this a lab's inventory?" in " ".join(done.stdout.split())


@pytest.fixture
def copied() -> Iterator[str]:
    """The name of a copy of the inventory, with the two testbeds of the page."""
    name = "copied-by-a-test"
    page = (ROOT / "lab" / "README.md").read_text()
    (hosts,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    done = run(filled("cp -r lab/inventory inventory/NAME", {"NAME": name}))
    try:
        assert done.returncode == 0, done.stderr
        (ROOT / "inventory" / name / "hosts.yml").write_text(hosts)
        yield name
    finally:
        shutil.rmtree(ROOT / "inventory" / name)


def test_another_lab_is_a_copy_of_the_inventory(lab: Any, copied: str) -> None:
    assert run("./bench --version").returncode == 0  # makes .venv
    done = run(filled(".venv/bin/ansible-playbook lab/up.yml -i inventory/NAME", {"NAME": copied}))
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        another = dataclasses.replace(lab, inventory=ROOT / "inventory" / copied)
        assert set(another.shell("hostname")) == {*MACHINES, "lab-server-b", "lab-loadgen-b"}
        done = run(filled("./bench -i inventory/NAME", {"NAME": copied}) + " --check")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "on each of 2 testbeds" in done.stdout
        assert "The hosts and the path between them are as required." in done.stdout
    finally:
        lab.playbook("lab/up.yml")
    assert set(lab.shell("hostname")) == set(MACHINES)
    assert [path.name for path in Path("/run/netns").glob("apb-*-b")] == []


@pytest.mark.takes_lab_down
def test_taken_down_nothing_is_left(lab: Any) -> None:
    if lab.was_up:
        pytest.skip("the lab was up before the tests, and stays up")
    assert changed(lab.playbook("lab/down.yml")) > 0
    # systemd removes the cgroups of units that have ended when it gets to it; and of a machine that
    # only another inventory had, ssh notices after three ServerAliveIntervals that it is gone
    deadline = time.monotonic() + 60
    while True:
        after = type(lab.before).take()
        left = {
            field: sorted(there - getattr(lab.before, field))
            for field, there in vars(after).items()
            if isinstance(there, frozenset) and there - getattr(lab.before, field)
        }
        if not left or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    assert left == {}
    assert after.forwarding == lab.before.forwarding
    folder = lab.inventory.parents[1] / ".lab"
    assert [path.name for path in folder.iterdir()] == ["image"]
    # safe where nothing is up
    assert changed(lab.playbook("lab/down.yml")) == 0
