"""Hosts whose only network is the one that ssh uses are provisioned through the controller."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.tests.fixture import ROOT

if TYPE_CHECKING:
    from lab.tests.fixture import Lab

pytestmark = pytest.mark.lab

NAME = "apart-for-a-test"
HOSTS = """\
lab:
  children:
    servers: {hosts: {apart-server: {ansible_host: 198.18.0.13}}}
    loadgens: {hosts: {apart-loadgen: {ansible_host: 198.18.0.23}}}
  vars: {lab_isolated: true, bench_via_controller: true}
"""
SHORT = {
    "bench_frameworks": "aiohttp", "bench_check_answers": False,
    "bench_connections": 50, "bench_duration": 1, "bench_warmup": 0,
    "bench_rounds": 1, "bench_controls": False, "bench_path_capacity": False, "bench_run_id": "r",
}  # fmt: skip
LEFT = (
    "ss -Hltn | grep -v ':22 '; ls /tmp | grep '^tmp'; "
    "grep -rls socks5h /etc /root /run /tmp; echo end"
)
"""What a way out could leave on a host, and `end`."""
APT = "/etc/apt/apt.conf.d/90proxy"
SSHD = "/etc/ssh/sshd_config.d/test.conf"


@pytest.fixture(scope="module")
def apart(lab: Lab) -> Iterator[Lab]:
    """Two machines beside those of the other tests, which reach nothing but the lab."""
    folder = ROOT / "inventory" / NAME
    shutil.copytree(ROOT / "lab" / "inventory", folder)
    try:
        (folder / "hosts.yml").write_text(HOSTS)
        up = lab.playbook("lab/up.yml", "-i", str(folder))
        assert up.returncode == 0, up.stdout + up.stderr
        yield dataclasses.replace(lab, inventory=folder)
    finally:
        shutil.rmtree(folder)
        lab.playbook("lab/up.yml")  # without these two


def measured(apart: Lab, results: Path, *options: str) -> subprocess.CompletedProcess[str]:
    words = {**SHORT, "bench_results_dir": str(results)}
    return apart.playbook("bench.yml", "-e", json.dumps(words), *options)


def test_they_have_no_way_out_and_no_name_service(apart: Lab) -> None:
    assert set(apart.shell("ip route show default").values()) == {""}
    assert set(apart.shell("cat /etc/resolv.conf").values()) == {""}
    reach = "timeout 3 bash -c '</dev/tcp/198.51.100.1/80' 2>/dev/null; echo $?"
    assert set(apart.shell(reach).values()) == {"1"}


@pytest.mark.parametrize(
    ("setting", "right"),
    [
        ("AllowTcpForwarding no", "AllowTcpForwarding remote"),
        ("GatewayPorts yes", "GatewayPorts no"),
    ],
)
def test_ssh_that_will_not_do_is_refused(
    apart: Lab, tmp_path: Path, setting: str, right: str
) -> None:
    apart.shell(f"echo '{setting}' >{SSHD} && systemctl reload ssh", "servers")
    try:
        done = measured(apart, tmp_path, "--check")
    finally:
        apart.shell(f"rm {SSHD} && systemctl reload ssh", "servers")
    assert done.returncode != 0
    said = " ".join(done.stdout.split())
    assert "apart-server: its ssh server " in said
    assert f"`{right}`" in said
    assert "apart-loadgen: " not in said


def test_a_controller_that_does_not_reach_the_mirrors_is_refused(
    apart: Lab, tmp_path: Path
) -> None:
    sources = "/etc/apt/sources.list"
    apart.shell(
        f"mv {sources} /root/ && echo 'deb http://192.0.2.1/debian trixie main' >{sources}",
        "loadgens",
    )
    try:
        done = measured(apart, tmp_path, "--check")
    finally:
        apart.shell(f"mv /root/sources.list {sources}", "loadgens")
    assert done.returncode != 0
    assert "apart-loadgen: this computer does not reach 192.0.2.1:80" in done.stdout


def test_they_are_provisioned_and_measured_and_nothing_is_left(apart: Lab, tmp_path: Path) -> None:
    proxy = 'Acquire::http::Proxy "http://192.0.2.1:3128";'  # nobody answers there
    apart.shell(f"echo '{proxy}' >{APT}")
    done = measured(apart, tmp_path)
    assert set(apart.shell(f"cat {APT}").values()) == {proxy}
    assert "are neither used nor changed" in " ".join(done.stdout.split())
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    with (tmp_path / "r" / "summary.csv").open(newline="") as handle:
        rows = {row["framework"]: row["outcome"] for row in csv.DictReader(handle)}
    assert rows == {"aiohttp": "ok"}
    assert set(apart.shell(LEFT).values()) == {"end"}
    # a second provisioning changes nothing, and needs the way for nothing
    again = measured(apart, tmp_path, "--tags", "provision", "-e", "bench_run_id=again")
    assert again.returncode == 0, again.stdout[-4000:]
    assert "changed=0" in again.stdout.rpartition("apart-server")[2]


def test_it_ends_with_the_run_that_it_was_opened_for(apart: Lab) -> None:
    """ssh itself: the far end is gone when the process that keeps it open is killed."""
    listening = "ss -Hltn 'src 127.0.0.1'; echo end"
    script = (
        "import sys; from pipebench.hosts.way_out import *; from pipebench.hosts.owner import *; "
        "import os; words = sys.argv[1:] + [remote_command()]; "
        "open_way('s', ssh_command(words), str(owner_of(os.getpid()))); print('open', flush=True); "
        "sys.stdin.read()"
    )
    ssh = [
        "ssh", "-F", "none", "-i", ".lab/ssh/id_ed25519",
        "-o", "UserKnownHostsFile=.lab/ssh/known_hosts", "root@198.18.0.13",
    ]  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", script, *ssh], cwd=ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        assert "127.0.0.1:" in apart.shell(listening, "servers")["apart-server"]
        process.kill()
    deadline = time.monotonic() + 10
    while apart.shell(listening, "servers")["apart-server"] != "end":
        assert time.monotonic() < deadline
        time.sleep(0.5)
