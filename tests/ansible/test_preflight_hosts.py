"""Hosts that cannot be used as the inventory says: one line for each, all at once, and no more.

A host is a script in place of ssh, which runs what the host would run, or ends as ssh was seen to.
What fails before a host answers is from ssh itself, if there is one on this computer.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.ansible

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
ENVIRONMENT = os.environ | {"LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1"}
HOST = """\
#!/bin/sh
for command; do :; done
PATH={path}
export PATH
{answer}
"""
RUNS = 'exec /bin/sh -c "$command"'
DEAD = "#!/bin/sh\necho 'pyenv: python3.13: command not found' >&2\nexit 127\n"
LOGIN_AS = 'echo \'Please login as the user "admin" rather than the user "root".\'; exit 142'
CHANGED = """\
cat >&2 <<'END'
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
Offending ED25519 key in /home/me/.ssh/known_hosts:1
Host key for 192.0.2.9 has changed and you have requested strict checking.
Host key verification failed.
END
exit 255"""
UNKNOWN = "echo 'Host key verification failed.' >&2; exit 255"
JUMP = "-F none -o ControlPath=none -o ProxyJump=127.0.0.1:{port}"


def script(folder: Path, name: str, answer: str, *, path: Path | None = None) -> dict[str, Any]:
    """The variables of a host that answers so. path: the folder of the programs that it has."""
    file = folder / name
    file.write_text(HOST.format(path=path or "/usr/bin:/bin", answer=answer))
    file.chmod(0o755)
    return {"ansible_ssh_executable": str(file), "ansible_user": "me",
            "ansible_python_interpreter": "/usr/bin/env python3"}  # fmt: skip


def programs(folder: Path, **more: str) -> Path:
    """A folder with python3 alone, and some scripts."""
    folder.mkdir()
    (folder / "python3").symlink_to(sys.executable)
    for name, text in more.items():
        (folder / name.replace("_", ".")).write_text(text)
        (folder / name.replace("_", ".")).chmod(0o755)
    return folder


def preflight(folder: Path, hosts: dict[str, dict[str, Any]]) -> tuple[dict[str, str], str]:
    """What the preflight says of each host, the first of which is the server, and all it prints."""
    places = {
        name: {"ansible_host": f"192.0.2.{number}", "bench_address": "198.18.0.1", **variables}
        for number, (name, variables) in enumerate(hosts.items(), 1)
    }
    server, *generators = places
    groups = {
        "servers": {"hosts": {server: places[server]}},
        "loadgens": {"hosts": {name: places[name] for name in generators}},
    }
    (folder / "hosts.json").write_text(json.dumps(groups))
    done = subprocess.run(
        [str(PLAYBOOK), "bench.yml", "--check", "-i", f"{folder}/hosts.json",
         "-e", f"bench_connections={60 * len(generators)}"],
        cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    printed = done.stdout + done.stderr
    assert done.returncode != 0, printed
    found = {name: set(re.findall(rf"\b{name} \(\S+\)[^\n]*", printed)) for name in hosts}
    assert {name: len(sentences) for name, sentences in found.items()} == dict.fromkeys(hosts, 1), (
        printed
    )
    return {name: sentences.pop() for name, sentences in found.items()}, printed


def test_each_host_is_one_line_that_says_what_it_answered_and_what_to_do(tmp_path: Path) -> None:
    auto = {"ansible_python_interpreter": "auto_silent"}
    named = {"ansible_python_interpreter": "/nowhere/python3.12"}
    nologin = shutil.which("nologin", path="/usr/sbin:/sbin:/usr/bin")
    hosts = {
        "root": script(tmp_path, "root", LOGIN_AS) | {"ansible_user": "root"},
        "nologin": script(tmp_path, "nologin", f"exec {nologin}"),
        "named": script(tmp_path, "named", RUNS) | named,
        "changed": script(tmp_path, "changed", CHANGED),
        "unknown": script(tmp_path, "unknown", UNKNOWN),
        "nosudo": script(tmp_path, "nosudo", RUNS, path=programs(tmp_path / "no-sudo")) | auto,
    }
    says, printed = preflight(tmp_path, hosts)
    assert says["root"].endswith("; set ansible_user to admin.")
    assert "This account is currently not available" in says["nologin"]
    assert "has no /nowhere/python3.12, which ansible_python_interpreter names" in says["named"]
    assert 'ssh-keygen -f "/home/me/.ssh/known_hosts" -R "192.0.2.9"' in says["changed"]
    assert "ssh-keyscan 192.0.2.5 >> ~/.ssh/known_hosts" in says["unknown"]
    assert "has no sudo, and the user me is not root" in says["nosudo"]
    assert "UNREACHABLE" not in printed
    assert "No start of json char found" not in printed


def test_a_dead_python_that_ansible_finds_is_named(tmp_path: Path) -> None:
    found = programs(tmp_path / "shims", python3_13=DEAD)
    root = {"ansible_user": "root", "ansible_python_interpreter": "auto_silent"}
    host = script(tmp_path, "dead", RUNS, path=found) | root
    says, _ = preflight(tmp_path, {"dead": host, "other": host})
    assert "which Ansible found there, does not run: it answered" in says["dead"]
    assert '"pyenv: python3.13: command not found"; set ansible_python_interp' in says["dead"]


@pytest.mark.skipif(not shutil.which("ssh"), reason="there is no ssh on this computer")
def test_what_ssh_itself_says_becomes_one_line(tmp_path: Path) -> None:
    with socket.socket() as bound:  # nobody listens there
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        options = {"ansible_user": "me", "ansible_ssh_common_args": "-F none -o ControlPath=none"}
        here = {"ansible_host": "127.0.0.1", "ansible_port": port}
        hosts = {
            "refused": options | here,
            "unnamed": options | {"ansible_host": "no.such.invalid"},
            "jump": options | {"ansible_ssh_common_args": JUMP.format(port=port)},
            "long": {"ansible_control_path_dir": f"{tmp_path}/{'x' * 100}"},
            "option": options | {"ansible_ssh_common_args": "-o Frobnicate=yes"},
        }
        says, _ = preflight(tmp_path, hosts)
    assert f"port {port}: Connection refused; check ansible_host" in says["refused"]
    assert "cannot resolve the name no.such.invalid; set ansible_host" in says["unnamed"]
    assert "its jump host does not let ssh through (ssh: connect to host 127" in says["jump"]
    assert "add -e ansible_control_path_dir=FOLDER" in says["long"]
    assert "ssh does not know the option frobnicate" in says["option"]


def test_a_vault_without_its_password_is_one_line(tmp_path: Path) -> None:
    """Encrypted by the program itself, with a password that nobody gives then."""
    (tmp_path / "password").write_text("x\n")
    vault = [str(PLAYBOOK.with_name("ansible-vault")), "encrypt_string", "198.18.0.1"]
    encrypted = subprocess.run(
        [*vault, "--vault-password-file", f"{tmp_path}/password", "--name", "bench_address"],
        env=ENVIRONMENT, capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "s.yml").write_text(encrypted)
    (tmp_path / "hosts.ini").write_text("[servers]\ns\n[loadgens]\ng\n")
    done = subprocess.run(
        [str(PLAYBOOK), "bench.yml", "--check", "-i", f"{tmp_path}/hosts.ini"],
        cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    assert (done.stdout + done.stderr).splitlines() == [
        (
            "A variable is encrypted, and no vault password fits; add --ask-vault-pass or "
            "--vault-password-file FILE."
        )
    ]
