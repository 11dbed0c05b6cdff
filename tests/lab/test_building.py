"""What a package's build may do on a server host: nothing but make a wheel."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.hosts import provision, ssh

if TYPE_CHECKING:
    from lab.tests.fixture import Lab

pytestmark = pytest.mark.lab

SERVER = "lab-server"
SECRET = "/root/secret-of-a-test"  # noqa: S105 (a path)
SETUP = f"""
import json, os, pathlib, socket
from setuptools import setup

def tried(what):
    try:
        return str(what())
    except OSError as error:
        return type(error).__name__

seen = {{
    "uid": os.getuid(),
    "inet": tried(lambda: socket.socket(socket.AF_INET)),
    "root": tried(lambda: pathlib.Path({SECRET!r}).read_text()),
    "opt": tried(lambda: pathlib.Path("/opt/pipeline-bench/mark").write_text("x")),
    "run": tried(lambda: pathlib.Path("/run/pipeline-bench/mark").write_text("x")),
    "environment": sorted(os.environ),
}}
setup(name="sketchy", version="1.0", py_modules=["sketchy"], description=json.dumps(seen))
"""
BUILD = """
import base64, glob, io, json, os, sys, tarfile, zipfile
sys.path.insert(0, "/opt/pipeline-bench")
from pathlib import Path
from server.wheels import BuildError, build

packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode="w:gz") as archive:
    for name, text in json.load(sys.stdin).items():
        entry = tarfile.TarInfo("sketchy-1.0/" + name)
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text.encode()))
os.environ["SECRET_OF_A_TEST"] = "x"
uv = glob.glob("/opt/pipeline-bench/uv-*/bin/uv")[0]
python = Path("/opt/pipeline-bench/frameworks/socketify/venv/bin/python")
try:
    wheel = build(uv, python, "sketchy-1.0.tar.gz", packed.getvalue(), {"GIVEN": "1"})
except BuildError as error:
    sys.exit(error.reason + error.log)
with zipfile.ZipFile(io.BytesIO(wheel.content)) as archive:
    about = archive.read("sketchy-1.0.dist-info/METADATA").decode()
print(wheel.file)
print(next(line for line in about.splitlines() if line.startswith("Summary: "))[9:])
"""


@pytest.fixture(scope="module")
def deployed(lab: Lab) -> None:
    """A framework whose package has no wheel, so that it is built, and setuptools is there."""
    provision(lab, "socketify")


@pytest.mark.usefixtures("deployed")
def test_what_was_built_is_installed() -> None:
    versions = ssh(SERVER, "cat /opt/pipeline-bench/frameworks/socketify/versions.json")
    assert "socketify" in json.loads(versions)["packages"]
    built = ssh(SERVER, "stat -c '%U %n' /opt/pipeline-bench/built/*/*.whl").splitlines()
    assert any("/socketify-" in one for one in built)
    assert {one.split()[0] for one in built} == {"root"}
    assert ".tools" not in ssh(SERVER, "ls -A /opt/pipeline-bench/built")


@pytest.mark.usefixtures("deployed")
def test_a_build_has_no_network_no_privilege_and_nothing_of_root() -> None:
    ssh(SERVER, f"echo secret > {SECRET}")
    try:
        files = {"setup.py": SETUP, "sketchy.py": ""}
        command = f"echo {shlex.quote(json.dumps(files))} | python3 -c {shlex.quote(BUILD)}"
        file, summary = ssh(SERVER, command).splitlines()
    finally:
        ssh(SERVER, f"rm {SECRET}")
    seen: dict[str, Any] = json.loads(summary)
    assert file.startswith("sketchy-1.0-")
    assert 61184 <= seen["uid"] <= 65519  # those of DynamicUser
    assert seen["inet"] in ("OSError", "PermissionError")
    assert (seen["root"], seen["opt"]) == ("PermissionError", "OSError")  # read-only
    assert seen["run"] in ("OSError", "PermissionError")
    assert "GIVEN" in seen["environment"]
    assert "SECRET_OF_A_TEST" not in seen["environment"]
    left = "systemctl list-units --all --plain --no-legend 'run-*.service'"
    assert ssh(SERVER, f"{left}; ls -d /opt/pipeline-bench/mark 2>/dev/null || true") == ""
