"""The sampler run beside a piece of work, and what it wrote turned from lines into columns."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The folder that `python3 -m host.sampler` is run in.
PROGRAMS = Path(__file__).resolve().parents[1]
# A sampler ends at once; one that does not must not hold the measurement up.
STOP_S = 2


class Sampling:
    """One sampling of this host; `text` is what columns() returns once it has ended."""

    text = "{}"


def columns(path: Path) -> str:
    """What a sampler wrote, columns by name, as JSON in one string; `{}` if it wrote nothing.

    A last line that was cut short is left out.
    """
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return "{}"
    rows = [json.loads(line) for line in lines if line.endswith("]")]
    if not rows:
        return "{}"
    return json.dumps({name: [row[at] for row in rows[1:]] for at, name in enumerate(rows[0])})


@contextmanager
def sampled(address: str) -> Iterator[Sampling]:
    """Sample this host, and its interface towards `address`, while the body runs."""
    sampling = Sampling()
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "samples.jsonl")
        process = subprocess.Popen(
            [sys.executable, "-m", "host.sampler", "--address", address, "--output", str(output)],
            stdin=subprocess.DEVNULL,
            cwd=PROGRAMS,
        )
        try:
            yield sampling
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            sampling.text = columns(output)
