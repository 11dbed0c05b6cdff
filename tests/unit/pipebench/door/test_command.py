"""What reads the door's answer may have enough of it."""

import subprocess
import sys

from tests.unit.pipebench.runs import ROOT


def test_who_reads_has_enough() -> None:
    """Its end is closed before anything is written."""
    closed = f'{{ sleep 0.1; "{sys.executable}" -m pipebench.door plans; }} | exec true'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", closed],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
