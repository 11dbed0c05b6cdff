"""The roles say what they take, the units are as hardened as promised, the pins agree."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = ["host", "loadgen", "server"]
UNITS = sorted((ROOT / "files" / "server").glob("*.service"))


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("role", ROLES)
def test_defaults_and_argument_specs_agree(role: str) -> None:
    folder = ROOT / "roles" / role
    options = load(folder / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = load(folder / "defaults" / "main.yml")
    assert {name: spec["default"] for name, spec in options.items() if "default" in spec} == (
        defaults
    )
    assert all(spec.get("required") for name, spec in options.items() if name not in defaults)
    assert all(name.startswith(f"{role}_") for name in options)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_names_no_inventory_group(role: str) -> None:
    for path in (ROOT / "roles" / role).rglob("*.yml"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\bgroups\b|\bgroup_names\b", text), path


@pytest.mark.parametrize("role", ROLES)
def test_facts_are_asked_by_their_name_only(role: str) -> None:
    allowed = {"ansible_facts", "ansible_playbook_python", "ansible_failed_task"}
    allowed |= {"ansible_failed_result", "ansible_version"}
    for path in (ROOT / "roles" / role / "tasks").glob("*.yml"):
        found = set(re.findall(r"\bansible_[a-z]+(?:_[a-z]+)*", path.read_text(encoding="utf-8")))
        assert found <= allowed, path


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_is_valid(unit: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    # What a unit executes is on the servers, not here.
    text = re.sub(r"^ExecStart=/\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
    copy = tmp_path / unit.name.replace("@", "@some-name")
    copy.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if str(copy) in line]
    assert not complaints


def test_the_unit_of_the_frameworks_is_hardened() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    unit = ROOT / "files" / "server" / "pipeline-bench@.service"
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze cannot read a unit from a file")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_unit_holds_the_lock_and_never_restarts() -> None:
    text = (ROOT / "files" / "server" / "pipeline-bench@.service").read_text()
    text = text.replace("\\\n", " ")
    assert re.search(
        r"^ExecStart=/usr/bin/flock --nonblock --no-fork --conflict-exit-code 75 "
        r"/opt/pipeline-bench +/opt/pipeline-bench/frameworks/%i/start$",
        text,
        re.MULTILINE,
    )
    # Six rounds of a fast test are more starts than systemd's default limit allows.
    assert {"Restart=no", "StartLimitIntervalSec=0", "DynamicUser=yes"} <= set(text.splitlines())


def test_downloads_are_what_uv_reads() -> None:
    listed = ROOT / "roles" / "server" / "files" / "python-downloads.json"
    uv = Path(sys.executable).with_name("uv")
    done = subprocess.run(
        [
            *(uv if uv.exists() else "uv", "--no-config", "python", "list"),
            *("--only-downloads", "--all-platforms", "--output-format", "json"),
        ],
        env={**os.environ, "UV_PYTHON_DOWNLOADS_JSON_URL": str(listed)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = {entry["key"]: entry for entry in json.loads(done.stdout)}
    ours = json.loads(listed.read_text())
    assert set(found) == set(ours)
    for key, entry in ours.items():
        assert re.fullmatch(r"[0-9a-f]{64}", entry["sha256"])
        assert found[key]["url"].endswith(entry["url"].rpartition("/")[2])
        assert key == (
            f"cpython-{entry['major']}.{entry['minor']}.{entry['patch']}"
            f"-{entry['os']}-{entry['arch']['family']}-{entry['libc']}"
        )


def test_servers_have_the_controllers_uv() -> None:
    locked = (ROOT / "roles" / "server" / "files" / "requirements-uv.txt").read_text()
    pattern = r"^uv==(\S+)((?:.*\\\n.*--hash=\S+)+)"
    theirs = re.search(pattern, locked, re.MULTILINE)
    ours = re.search(pattern, (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert theirs is not None
    assert ours is not None
    assert theirs[1] == ours[1]
    hashes = r"sha256:[0-9a-f]{64}"
    assert set(re.findall(hashes, theirs[2])) == set(re.findall(hashes, ours[2]))


@pytest.mark.parametrize("inventory", ["cloud", "metal"])
def test_an_inventory_to_fill_in_is_empty(inventory: str) -> None:
    hosts = load(ROOT / "inventory" / inventory / "hosts.yml")
    assert {group: content["hosts"] for group, content in hosts.items()} == {
        "servers": {},
        "loadgens": {},
    }


@pytest.mark.parametrize("inventory", ["cloud", "metal"])
def test_the_example_of_an_inventory_is_one(inventory: str) -> None:
    text = (ROOT / "inventory" / inventory / "hosts.yml").read_text(encoding="utf-8")
    filled = text.replace(" {}", "").replace("  #  ", "    ")
    hosts = yaml.safe_load(filled)
    assert hosts["servers"]["hosts"]["bench-server"]["bench_address"]
    assert hosts["loadgens"]["hosts"]["bench-loadgen"]["ansible_host"]
