"""The commands of docs/adding-a-framework.md that need no lab, in a copy of the repository."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests import commands
from tests.commands import ROOT

pytestmark = pytest.mark.servers

BIN = Path(sys.executable).parent
OLDER = "0.22.1"
"""A release of uvloop, not the one that is pinned."""
REQUIRED = ("title", "stack", "language", "runtime", "python", "note")


def test_a_framework_and_a_variant_are_added_as_the_page_says(tmp_path: Path) -> None:
    """The folder that the page describes, with the code of one that is there.

    The variants of the page are those that any server has: another release, a variable.
    """
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    copy = tmp_path / "copy"
    for name in filter(None, tracked):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    mine = copy / "servers" / "mine"
    mine.mkdir()
    page = (ROOT / "docs" / "adding-a-framework.md").read_text()
    described, varied = map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", page, re.DOTALL))
    about = {key: value for key, value in described.items() if key in REQUIRED}
    release, eager = (varied["variants"][name] for name in ("1.4.2", "eager"))
    assert release == {"with": {"mine": "1.4.2"}}
    about["variants"] = {"1.4.2": {"with": {"uvloop": OLDER}}, "eager": eager}
    (mine / "framework.yml").write_text(yaml.safe_dump(about))
    for name in ("server.py", "requirements.in"):
        shutil.copy(ROOT / "servers" / "uvloop-httptools" / name, mine / name)

    link, lock, copied, older, try_it, test = commands.run_by("servers")
    for command, words in (
        (link, {}),
        (lock, {".venv/bin/": f"{BIN}/"}),
        (copied, {}),
        (older, {".venv/bin/": f"{BIN}/", "mine==1.4.2": f"uvloop=={OLDER}"}),
        (try_it.replace("./bench try", "PYTHON -m pipebench.trial"), {"PYTHON": BIN / "python"}),
        (test, {".venv-test/bin/": f"{BIN}/"}),
    ):
        done = commands.run(f"cd {copy} && " + commands.filled(command, words), first=BIN)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    locked = (mine / "requirements.txt").read_text()
    assert re.search(r"(?m)^httptools==\S+ \\\n +--hash=sha256:", locked)
    of_variant = (mine / "requirements@1.4.2.txt").read_text()
    pins = [set(re.findall(r"(?m)^(\w+==\S+)", text)) for text in (of_variant, locked)]
    assert pins[0] - pins[1] == {f"uvloop=={OLDER}"}
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) >= 3 * 10  # the plain one, and two variants
