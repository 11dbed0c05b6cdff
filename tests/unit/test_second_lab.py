"""The second lab of ./test: apart from this computer's own network, and gone whatever happens."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import second_lab
from tests.layers import BESIDE, ROOT
from tests.namespace import in_namespace

PROGRAM = """
import os, signal, subprocess, sys, time
from pathlib import Path
sys.path.insert(0, PROJECT)
from tests import second_lab

def seen():
    argv = [["ip", "-brief", "link"], ["nft", "list", "ruleset"], ["ps", "-e", "-o", "pid,args"]]
    shown = [subprocess.run(one, capture_output=True, text=True).stdout for one in argv]
    conf = Path("/proc/sys/net/ipv4/conf").glob("*/forwarding")
    there = sorted(path.name for path in Path(PROJECT).iterdir() if "cache" not in path.name)
    # their names alone: the kernel says that a link is up when it comes to it
    links, rules, processes = [line.split()[0] for line in shown[0].splitlines()], *shown[1:]
    ours = [line for line in processes.splitlines() if "second_lab" in line]
    return links, rules, ours, {path.parent.name: path.read_text() for path in conf}, there

def answer(words, command):
    return subprocess.run([*words, "sh", "-c", command], capture_output=True, text=True).stdout

subprocess.run("echo 0 >/proc/sys/net/ipv4/ip_forward; ip link set lo up;"
               "ip link add out type veth peer name there; ip address add 10.9.0.1/24 dev out;"
               "ip link set out up; ip link set there up; ip route add default via 10.9.0.2",
               shell=True, check=True)
before = seen()
"""
INSIDE = """
with second_lab.up() as words:
    links = answer(words, "ip -brief link")
    print("eth0" in links, "out" in links, answer(words, "pwd").strip() == PROJECT + "/.second-lab")
    print(answer(words, "test -e /run/systemd || echo no systemd").strip())
    print(*sorted(name for name, value in seen()[3].items() if value == "1\\n"))
print(seen() == before)
"""
KILLED = """
code = "import time; from tests import second_lab\\n" \
    "with second_lab.up() as words: print(*words[:3], flush=True); time.sleep(60)"
asked = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=PROJECT)
print(asked.stdout.readline().split()[0].decode(), seen() == before)
asked.kill()
asked.wait()
deadline = time.monotonic() + 120
while seen() != before and time.monotonic() < deadline:
    time.sleep(0.1)
print(seen() == before)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of this folder, which gets a second lab of its own."""
    shutil.copytree(ROOT, tmp_path / "project", symlinks=True, ignore=second_lab.not_copied)
    return tmp_path / "project"


def said(project: Path, program: str) -> list[str]:
    (project.parent / "place").mkdir()
    text = (PROGRAM + program).replace("PROJECT", repr(str(project)))
    apart = ("--net", "--pid", "--fork", "--mount-proc")
    return in_namespace(project.parent / "place", "size=64k", text, *apart).splitlines()


def test_it_is_apart_and_leaves_nothing(project: Path) -> None:
    assert said(project, INSIDE) == [
        "True False True", "no systemd", "out second-lab", "True",
    ]  # fmt: skip


def test_nothing_is_left_if_the_one_who_asked_for_it_is_killed(project: Path) -> None:
    assert said(project, KILLED) == ["nsenter False", "True"]


def test_no_test_in_it_needs_quiet() -> None:
    for name in BESIDE:
        text = (ROOT / name).read_text()
        assert "pytest.mark.lab" in text
        assert "mark.quiet" not in text
