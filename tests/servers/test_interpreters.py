"""Builds of CPython from Maven, as servers without another one get them: that they can serve."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

import pytest

from pipebench.hosts.python_builds import listed
from tests.interpreters import built

pytestmark = pytest.mark.servers

ASK = """
import asyncio, ctypes, os, ssl, sysconfig
print(os.path.exists(sysconfig.get_paths()["include"] + "/Python.h"))
"""


@pytest.mark.parametrize("version", ["3.7", "3.13", "3.14"])
def test_a_build_has_what_serving_needs_and_its_headers(version: str, tmp_path: Path) -> None:
    python = built(version)
    environment = tmp_path / "environment"
    command = [python.executable, "-m", "venv", "--without-pip", str(environment)]
    own = os.environ | python.environment
    subprocess.run(command, env=own, check=True)
    command = [str(environment / "bin" / "python"), "-c", ASK]
    asked = subprocess.run(command, env=own, check=True, stdout=subprocess.PIPE, text=True)
    assert asked.stdout == "True\n"


@pytest.mark.parametrize("version", ["3.7", "3.13", "3.14"])
def test_a_build_requires_the_c_library_that_is_pinned_with_it(version: str) -> None:
    tree = Path(built(version).executable).parents[1]
    named = {
        tuple(map(int, name.split(b".")))
        for path in [*tree.glob("bin/python*"), *tree.rglob("*.so*")]
        for name in re.findall(rb"\0GLIBC_(\d+\.\d+)\0", path.read_bytes())
    }
    pinned = {one.release: one.glibc for one in listed() if one.architecture == platform.machine()}
    assert max(named) == tuple(map(int, pinned[tree.name].split(".")))
