"""progress.jsonl of a run: what has happened, for machines, one JSON object a line as it happens.

docs/architecture.md has the fields. Like the raw records it judges nothing.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipebench.record.whole_file import time_text

NAME = "progress.jsonl"


def append_event(run: Mapping[str, Any], event: str, left_s: float | None, **fields: Any) -> None:
    """Add one line; `left_s`: an estimate of what is left of the run, s, if there is one.

    Whole lines, also if several testbeds write at the same time: each is a single write.
    """
    line = {
        "event": event,
        "time": time_text(time.time()),
        "run_id": run["run_id"],
        "seconds_left": None if left_s is None else round(left_s),
        **fields,
    }
    text = f"{json.dumps(line, ensure_ascii=False)}\n".encode()
    path = Path(run["results_dir"]) / NAME
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, text)
    finally:
        os.close(descriptor)


def read_events(folder: Path) -> list[dict[str, Any]]:
    """Every whole line of a run's folder; none if there is no such file."""
    try:
        lines = (folder / NAME).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines if line.endswith("}")]
