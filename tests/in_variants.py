"""Run a command in each variant that has files of its own, put together in a temporary folder.

`python -m tests.in_variants RUNTIME COMMAND...`: in those of the frameworks with that runtime. It
ends with 1 if the command fails in one of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from pipebench.plan.frameworks import find_frameworks
from pipebench.plan.variants import put_together

ROOT = Path(__file__).resolve().parents[1]


def main(words: Sequence[str]) -> int:
    runtime, *command = words
    with TemporaryDirectory() as top:
        folders = []
        for name, one in find_frameworks(["servers", "fasthttp"], ROOT).items():
            if one.files and one.runtime == runtime:
                folders.append(Path(top) / name)
                put_together(Path(one.path), one.variant, folders[-1])

        def status(folder: Path) -> int:
            return subprocess.run(command, cwd=folder, check=False).returncode

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return int(any(list(pool.map(status, folders))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
