"""A password of a host is in nothing that a run prints or keeps, also if it is asked to say all."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.ansible.test_callback import CANNED, ROOT, play_of
from tests.unit.pipebench.harness.answers import LOAD

pytestmark = pytest.mark.ansible

SECRET = "hunter2-is-no-password"  # noqa: S105


def test_a_password_is_neither_printed_nor_kept(tmp_path: Path) -> None:
    command = play_of(tmp_path, [LOAD] * 8)
    inventory = tmp_path / "hosts.json"
    groups = json.loads(inventory.read_text())
    for group in groups.values():
        for host in group["hosts"].values():
            host |= {"ansible_become_password": SECRET, "ansible_password": SECRET}
    inventory.write_text(json.dumps(groups))
    done = subprocess.run(
        [*command, "-vvv"], cwd=ROOT, env=os.environ | CANNED, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "req/s" in done.stdout
    assert SECRET not in done.stdout + done.stderr
    kept = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    assert len(kept) > 8
    for path in kept:
        assert SECRET.encode() not in path.read_bytes()
