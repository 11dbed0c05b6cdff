"""A way out through the controller, as Ansible opens it; what ends it, and what is refused.

ssh is a script: it says which port was allocated, and runs what the host would run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipebench.hosts.owner import owner_of, parsed

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.ansible

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
ENVIRONMENT = os.environ | {"LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1"}
PATIENCE_S = 20
SSH = """\
#!/bin/sh
printf '%s\\n' "$@" >{folder}/words
echo 'Allocated port 40123 for remote forward to socks:0' >&2
for command; do :; done
exec sh -c "$command"
"""
PLAY = """\
- hosts: s
  gather_facts: false
  tasks:
    - {{way_out: {{state: open, owner: "{owner}"}}, register: way}}
    - copy: {{content: "{{{{ way | to_json }}}}", dest: "{folder}/way"}}
      delegate_to: localhost
    - {then}
"""
CLOSE = "{way_out: {state: closed, holders: ['{{ way.holder }}']}, delegate_to: localhost}"
WAIT = "{command: sleep 60, delegate_to: localhost}"


def play(folder: Path, then: str, owner: str) -> list[str]:
    """A play that opens a way, keeps what it was told in the file `way`, and goes on."""
    (folder / "ssh").write_text(SSH.format(folder=folder))
    (folder / "ssh").chmod(0o755)
    variables = {"ansible_ssh_executable": f"{folder}/ssh", "ansible_host": "192.0.2.1",
                 "ansible_user": "me", "ansible_port": 2222,
                 "ansible_ssh_common_args": "-o ProxyJump=bastion"}  # fmt: skip
    (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": {"s": variables}}}))
    (folder / "play.yml").write_text(PLAY.format(folder=folder, then=then, owner=owner))
    return [str(PLAYBOOK), "-i", f"{folder}/hosts.json", f"{folder}/play.yml"]


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_is_of_the_inventory_and_closed_when_the_play_says_so(tmp_path: Path) -> None:
    command = play(tmp_path, CLOSE, str(owner_of(os.getpid())))
    done = subprocess.run(
        command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    words = (tmp_path / "words").read_text().splitlines()
    assert {"Port=2222", 'User="me"', "ProxyJump=bastion", "192.0.2.1"} <= set(words)
    way = json.loads((tmp_path / "way").read_text())
    assert parsed(way["holder"]).is_dead
    assert not Path(way["environment"]["APT_CONFIG"]).exists()


def test_it_ends_when_ansible_is_killed(tmp_path: Path) -> None:
    """Its owner is the process that makes the run, as the plan says it: here, a shell's child."""
    owner = "{{ lookup('pipe', 'cat ' ~ playbook_dir ~ '/owner') }}"
    command = play(tmp_path, WAIT, owner)
    with subprocess.Popen(
        ["sh", "-c", 'sleep 1; exec "$@"', "sh", *command], cwd=ROOT, env=ENVIRONMENT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    ) as process:  # fmt: skip
        (tmp_path / "owner").write_text(str(owner_of(process.pid)))
        until((tmp_path / "way").is_file)
        way = json.loads((tmp_path / "way").read_text())
        assert Path(way["environment"]["APT_CONFIG"]).is_file()
        process.kill()
    until(lambda: parsed(way["holder"]).is_dead)
    assert not Path(way["environment"]["APT_CONFIG"]).exists()


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"bench_via_controller": "perhaps"}, "it must be true or false"),
        (
            {"bench_via_controller": True, "ansible_connection": "local"},
            "s: ansible_connection is 'local'; bench_via_controller requires ssh.",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_the_plan(
    tmp_path: Path, variables: dict[str, object], sentence: str
) -> None:
    groups = {
        "servers": {"hosts": {"s": {"ansible_host": "192.0.2.1"} | variables}},
        "loadgens": {"hosts": {"g": {"ansible_host": "192.0.2.2"}}},
    }
    (tmp_path / "hosts.json").write_text(json.dumps(groups))
    done = subprocess.run(
        [str(PLAYBOOK), "bench.yml", "--check", "-i", f"{tmp_path}/hosts.json"],
        cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    assert sentence in " ".join(done.stdout.split())
