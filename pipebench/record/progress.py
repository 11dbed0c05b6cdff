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


def append_event(run: Mapping[str, Any], event: str, left_s: float, **facts: Any) -> None:
    """Add one line; `left_s`: what is thought to be left of the run, s.

    Whole lines, also where several testbeds write at the same time: each is a single write.
    """
    line = {
        "event": event,
        "time": time_text(time.time()),
        "run_id": run["run_id"],
        "seconds_left": round(left_s),
        **facts,
    }
    text = f"{json.dumps(line, ensure_ascii=False)}\n".encode()
    path = Path(run["results_dir"]) / NAME
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, text)
    finally:
        os.close(descriptor)
