"""What the sampler wrote, turned from lines into columns."""

from __future__ import annotations

import json
from pathlib import Path


def columns(path: Path) -> str:
    """SAMPLES of docs/architecture.md as JSON in one string; `{}` if nothing was sampled.

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
