"""The sampler run beside a piece of work."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from host.child import ends_within
from host.samples import columns

# The folder that the sampler is run in.
PROGRAMS = Path(__file__).resolve().parents[1]
# A sampler ends at once; one that does not must not hold the measurement up.
STOP_S = 2


def sampler(*options: str) -> list[str]:
    """Its command. -S: it needs nothing that is installed, so site is not looked at."""
    return [sys.executable, "-S", "-m", "host.sampler", *options]


class Sampling:
    """One sampling of this host; `text` is SAMPLES once it has ended."""

    text = "{}"


@contextmanager
def sampled(address: str) -> Iterator[Sampling]:
    """Sample this host, and its interface towards `address`, while the body runs."""
    sampling = Sampling()
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "samples.jsonl")
        parent = str(os.getpid())
        process = subprocess.Popen(
            sampler("--address", address, "--output", str(output), "--parent", parent),
            stdin=subprocess.DEVNULL,
            cwd=PROGRAMS,
        )
        try:
            yield sampling
        finally:
            process.terminate()
            # one that ended earlier is gone: there is nothing left to wait for
            if process.poll() is None and not ends_within(process.pid, STOP_S):
                process.kill()
            process.wait()
            sampling.text = columns(output)
