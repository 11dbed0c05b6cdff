"""What tests of runs that go wrong need of the lab's machines."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING, Any

from lab.tests import fixture
from lab.tests.fixture import ROOT, SBIN
from tests import commands

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lab.tests.fixture import Lab

SERVER, GENERATOR = "lab-server", "lab-loadgen"
ADDRESSES = {SERVER: "198.18.0.11", GENERATOR: "198.18.0.21"}
LEFT = (
    "ss -Hltn 'sport = :8080'; systemctl list-units --plain --no-legend --state=active "
    "'pipeline-bench@*' 'pipeline-bench-sampler@*' 'pipeline-bench-path*' 'pipeline-bench-clock*' "
    "'pipeline-bench-*-client*'; "
    "for name in wrk h2load; do pidof $name; done; "
    "ps -e -o args= | grep -F -e '-m host.sampler' -e '-m generator.' -e '-m host.throw_away' "
    "| grep -v grep; echo end"
)
"""Everything of a run that a host may still have, and `end`."""


def ssh(host: str, command: str, *, check: bool = True) -> str:
    """Run a command on a machine of the lab at once, by a connection of the test's own."""
    done = subprocess.run(
        [*fixture.ssh(ADDRESSES[host]), command], cwd=ROOT, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0 or not check, f"{host}: {command}: {done.stderr}"
    return done.stdout


def lapse(host: str) -> None:
    """As if the time were over that a run holds this host."""
    over = 'held = lease.held(); held and lease.keep(held["token"], 0)'
    ssh(host, f"cd /opt/pipeline-bench && python3 -S -c 'from host import lease; {over}'")


def begin(
    results: Path, variables: Mapping[str, Any], options: str = ""
) -> subprocess.Popen[bytes]:
    """`./bench`, with its output in results/log; the process is that of Ansible itself."""
    command = f"exec ./bench{options}{commands.options(variables)} --skip-tags provision"
    # A session of its own, as a terminal has: what is started here gets no signal of the tests.
    with (results / "log").open("wb") as log:
        return subprocess.Popen(
            ["bash", "-c", command], cwd=ROOT, env=SBIN, stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip


def clean_by(lab: Lab, deadline: float) -> None:
    """Wait until nothing of a run is on the hosts. deadline: by the monotonic clock."""
    while any(left(lab).values()):
        assert time.monotonic() < deadline, left(lab)
        time.sleep(1)


def left(lab: Lab) -> dict[str, str]:
    """What of a run is on the hosts."""
    return {
        host: text.replace("\\n", "\n").rpartition("end")[0].strip()
        for host, text in lab.shell(LEFT).items()
    }


def provision(lab: Lab, framework: str) -> None:
    """The hosts have the framework, of an earlier test or from now on."""
    start = f"/opt/pipeline-bench/frameworks/{framework}/start"
    if lab.shell(f"test -e {start} && echo there || echo no", "servers") != {"lab-server": "there"}:
        words = commands.options({"bench_frameworks": framework})
        done = commands.run(f"./bench -i {lab.inventory} --tags provision{words}")
        assert done.returncode == 0, done.stdout + done.stderr
