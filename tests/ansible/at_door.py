"""./bench and ansible-playbook with some words, as tests of the door call them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.unit.pipebench.runs import ROOT

PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))
HOSTS = """\
servers: {hosts: {s: {ansible_host: 192.0.2.1}}}
loadgens: {hosts: {g: {ansible_host: 192.0.2.2, bench_up_path: /proc/none}}}
"""


def bench(
    *words: str, cwd: Path = ROOT, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """./bench with these words."""
    return subprocess.run(
        [sys.executable, "-m", "pipebench.door", *words],
        cwd=cwd, env=os.environ | {"ANSIBLE_NOCOLOR": "1"} | (environment or {}),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def playbook(
    *words: str, cwd: Path = ROOT, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`ansible-playbook bench.yml` with these words, started without ./bench."""
    own = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    return subprocess.run(
        [PLAYBOOK, str(ROOT / "bench.yml"), *words],
        cwd=cwd, env=os.environ | own | (environment or {}),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def refused(*words: str, cwd: Path = ROOT) -> list[str]:
    """The sentences with which it refuses, without the program's name."""
    done = bench(*words, cwd=cwd)
    assert (done.returncode, done.stdout) == (2, ""), done.stdout + done.stderr
    lines = done.stderr.splitlines()
    assert all(line.startswith("bench: ") for line in lines), lines
    return [line.removeprefix("bench: ") for line in lines]
