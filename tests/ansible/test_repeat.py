"""bench.yml of a run that measures another one again: what it says before any host is touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.pipebench.runs import EXAMPLE, ROOT, edit

pytestmark = pytest.mark.ansible

PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
NOT_UP = {
    "servers": {"hosts": {"s": {"ansible_host": "192.0.2.1"}}},
    "loadgens": {"hosts": {"g": {"ansible_host": "192.0.2.2"}}},
    "all": {"vars": {"bench_up_path": "/nothing is up"}},
}


def looked_at(folder: Path, run: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """bench.yml --check on hosts that are not up, so that only the plan is looked at."""
    (folder / "hosts.json").write_text(json.dumps(NOT_UP))
    variables = {"bench_like": str(run), "bench_results_dir": str(folder / "results")}
    return subprocess.run(
        [PLAYBOOK, "bench.yml", "--check", "-i", folder / "hosts.json", "-e",
         json.dumps(variables), *options],
        cwd=ROOT, env=os.environ | {"ANSIBLE_NOCOLOR": "1"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_the_plan_of_the_run_is_checked_and_versions_that_are_gone_are_named(
    tmp_path: Path,
) -> None:
    done = looked_at(tmp_path, EXAMPLE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "measures again what the run example measured: 48 measurements" in done.stdout
    assert "Nothing was changed." in done.stdout
    run = tmp_path / "earlier"
    shutil.copytree(EXAMPLE / "hosts", run / "hosts")
    shutil.copy(EXAMPLE / "run.json", run)
    edit(run / "hosts" / "lab-server.json", frameworks__tornado__packages={"tornado": "1.0"})
    done = looked_at(tmp_path, run)
    assert done.returncode != 0
    assert "tornado: the run had tornado 1.0, and requirements.txt here has " in done.stdout
    assert "add -e bench_accept_changes=packages. The report will name" in done.stdout
    done = looked_at(tmp_path, run, "-e", "bench_accept_changes=packages")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Accepted: tornado: the run had tornado 1.0" in done.stdout
    assert not (tmp_path / "results").exists()
