"""What a framework may touch on its host, and where it can be reached, while it serves; and what a
load tool may touch, which parses all that a framework sends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from lab.tests.fixture import ROOT
from tests.lab.hosts import provision, ssh

if TYPE_CHECKING:
    from lab.tests.fixture import Lab

pytestmark = pytest.mark.lab

FRAMEWORK, SERVER, ADDRESS = "uvloop-httptools", "lab-server", "198.18.0.11"
GENERATOR = "lab-loadgen"
FOR_EVERYBODY = {"/run/lock"}
"""Where Debian lets every user write; a unit that sees /run sees it, too."""


def unit(**order: Any) -> dict[str, Any]:
    """What the program of files/ answers on the server."""
    words = json.dumps({"name": FRAMEWORK} | order)
    command = f"cd /opt/pipeline-bench && echo '{words}' | python3 -S -m server.unit"
    answer: dict[str, Any] = json.loads(ssh(SERVER, command))
    return answer


@pytest.fixture(scope="module")
def serving(lab: Lab) -> Iterator[int]:
    """The number of the framework's process, which serves."""
    provision(lab, FRAMEWORK)
    started = unit(
        state="started",
        address=ADDRESS,
        port=8080,
        workers=1,
        patience=30,
        at_most=120,
    )
    assert started.get("ready"), started  # else it says why
    yield started["started_pid"]
    unit(state="ended")


def test_it_listens_at_the_address_of_the_benchmark_only(serving: int) -> None:
    listening = ssh(SERVER, "ss -Hltnp | grep -v sshd").splitlines()
    assert [line.split()[3] for line in listening] == [f"{ADDRESS}:8080"]
    assert f"pid={serving}" in listening[0]


def test_it_runs_as_a_user_that_is_made_for_it(serving: int) -> None:
    status = ssh(SERVER, f"cat /proc/{serving}/status")
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    assert 61184 <= int(fields["Uid"].split()[0]) <= 65519  # those of DynamicUser
    assert (fields["NoNewPrivs"].strip(), int(fields["CapBnd"], 16)) == ("1", 0)


@pytest.mark.usefixtures("serving")
def test_its_load_tool_runs_as_a_user_that_is_made_for_it() -> None:
    order = {
        "address": ADDRESS, "port": 8080, "depth": 5, "connections": 50, "threads": 2,
        "duration": 3, "warmup": 1, "patience": 5, "user": "throw-away",
    }  # fmt: skip
    load = f"cd /opt/pipeline-bench && echo '{json.dumps(order)}' | python3 -S -m generator.load"
    look = "for n in $(pidof wrk) $(pgrep -f '[u]nder_load.py'); do cat /proc/$n/status; done"
    both = f"({load} >/tmp/answer) & sleep 3; {look}; wait"
    seen = ssh(GENERATOR, both)
    fields: dict[str, set[str]] = {}
    for line in seen.splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name, set()).add(value.split()[0] if value.split() else "")
    assert {"wrk", "python3"} <= fields["Name"]
    answer = json.loads(ssh(GENERATOR, "cat /tmp/answer; rm /tmp/answer"))
    assert answer.get("msg") is None
    assert fields["Uid"] == {str(answer["uid"])}
    assert 61184 <= answer["uid"] <= 65519
    assert (fields["NoNewPrivs"], {int(one, 16) for one in fields["CapBnd"]}) == ({"1"}, {0})
    assert json.loads(answer["measured"]["result"])["requests"]
    assert answer["measured"]["cpu_s"] > 0
    # what is looked at besides is seen by such a user, too
    assert len(json.loads(answer["connections"])["received_bytes"]) == 50
    assert json.loads(answer["verification"])["phases"]["measured"]["answered"]
    assert ssh(GENERATOR, "ls /run | grep client || true") == ""  # nothing is left of it


def test_it_can_write_nothing_that_a_program_of_root_reads(serving: int) -> None:
    """As its user, in its own view of the file system."""
    find = (
        f"nsenter --target {serving} --mount -- setpriv --reuid $(stat -c %u /proc/{serving}) "
        f"--regid $(stat -c %g /proc/{serving}) --clear-groups "
        "find / '(' -path /proc -o -path /sys ')' -prune "
        "-o -writable ! -type l ! -type c ! -type s -print 2>/dev/null"
    )
    # its own, and gone with it
    own = {"/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue"}  # noqa: S108
    writable = set(ssh(SERVER, f"{find} || true").splitlines())
    assert writable <= own | FOR_EVERYBODY
    for path in FOR_EVERYBODY & writable:  # no program of this project looks there
        assert not any(path in text.read_text() for text in (ROOT / "files").rglob("*.py"))


def test_its_exposure_is_low(serving: int) -> None:
    assert serving
    words = ssh(SERVER, f"systemd-analyze security pipeline-bench@{FRAMEWORK} | tail -n 1")
    assert float(words.split("service: ")[1].split()[0]) <= 2.0, words
