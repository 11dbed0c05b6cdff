"""Run collect.py on the records of a run; its words are printed last of all (`closing`).

Argument: `run_dir`. A prices.yml in the project's folder is kept with the run. Fails, after the
report is written, where collect.py says that the run is not whole: a fault of the harness must not
end with status 0.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

COLLECT = Path(__file__).resolve().parents[2] / "collect.py"


class ActionModule(ActionBase):
    """The action `collect`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"run_dir"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        prices = COLLECT.parent / "prices.yml"
        done = subprocess.run(
            [
                sys.executable,
                str(COLLECT),
                self._task.args["run_dir"],
                *(["--prices", str(prices)] if prices.is_file() else []),
            ],
            capture_output=True,
            errors="replace",
            check=False,
        )
        answer["closing"] = done.stdout.rstrip()
        if done.returncode != 0:
            answer["failed"] = True
            answer["msg"] = done.stderr.strip() or f"collect.py ended with {done.returncode}"
        return answer
