"""The rate of a constant-rate run: `bench_rate_share` of what wrk found for the cell in this run.

Arguments: `run`, `testbed`, `cell`. Returns `rate`, requests per second: the share of the median
over the rounds so far, by wrk's own counts; null where wrk got no answers.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

from ansible.plugins.action import ActionBase

KEYS = ("framework", "workers", "depth", "connections")


def rates(folder: Path, testbed: str, cell: dict[str, Any]) -> list[float]:
    """What wrk counted, by its own clock, in every raw record of one cell."""
    found = []
    for path in sorted(folder.glob(f"{testbed}-r*-{cell['framework']}-*.json")):
        record = json.loads(path.read_text("utf-8"))
        if record["testbed"] != testbed or any(record[key] != cell[key] for key in KEYS):
            continue
        for generator in record["generators"]:
            result = (generator.get("measured") or {}).get("result")
            if result and result["requests"]:
                found.append(result["requests"] / result["duration_us"] * 1e6)
    return found


class ActionModule(ActionBase):
    """The action `crosscheck_rate`."""

    _requires_connection = False
    _VALID_ARGS = frozenset({"run", "testbed", "cell"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given = self._task.args
        run = given["run"]
        found = rates(Path(run["results_dir"]) / "raw", given["testbed"]["name"], given["cell"])
        share = run["variables"]["bench_rate_share"]
        answer["rate"] = median(found) * share if found else None
        return answer
