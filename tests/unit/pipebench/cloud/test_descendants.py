"""All that a program started is ended, also what is in another session and has lost its parent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipebench.cloud.descendants import descendants

ORPHAN = "setsid sh -c '{trap} echo $$ >> {file}; while :; do sleep 0.1; done' & sleep 0.5"
PROGRAM = """\
import os, subprocess, sys
from pathlib import Path
from pipebench.cloud.descendants import descendants, end_descendants, keep_orphans
keep_orphans()
subprocess.run(["sh", "-c", sys.argv[1]], check=True)
print(len(descendants(os.getpid())) > 0)
end_descendants(1)
print(descendants(os.getpid()))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux keeps orphans")
@pytest.mark.parametrize("trap", ["", 'trap "" TERM;'], ids=["ends", "must be killed"])
def test_what_outlives_its_parent_is_ended(tmp_path: Path, trap: str) -> None:
    file = tmp_path / "pid"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, ORPHAN.format(trap=trap, file=file)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.split() == ["True", "[]"]
    (pid,) = file.read_text().split()
    assert not Path("/proc", pid).exists()


def test_who_is_below_whom() -> None:
    command = "sleep 60 & sleep 60"
    with subprocess.Popen(["sh", "-c", command]) as child:
        found: list[int] = []
        while len(found) < 2:
            found = descendants(child.pid)
        child.kill()
    for number in found:
        subprocess.run(["kill", str(number)], check=True)
