"""docs/notebook.py runs from its first cell to its last, and draws what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.unit.pipebench.runs import EXAMPLE, ROOT, made_run

NOTEBOOK = ROOT / "docs" / "notebook.py"


def test_every_cell_runs(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "example").symlink_to(EXAMPLE)
    made_run(tmp_path / "runs" / "more", {"aiohttp": 50_000, "ceiling": 10_000})
    environment = os.environ | {"RUNS": f"{tmp_path}/runs/*", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, NOTEBOOK],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    for word in ("uvloop-httptools", "ratio_low", "tails.svg", "round.svg"):
        assert word in done.stdout
    for name in ("tails", "round"):
        assert len(re.findall(r"<path ", (tmp_path / f"{name}.svg").read_text())) >= 7


def test_it_has_the_six_questions() -> None:
    questions = re.findall(r"^# ## (.*)$", NOTEBOOK.read_text(), re.MULTILINE)
    assert len(questions) == 6
