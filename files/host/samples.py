"""What the sampler wrote, turned from lines into columns."""

from __future__ import annotations

import json
from pathlib import Path


def columns(path: Path) -> str:
    """What a sampler wrote, columns by name, as JSON in one string; `{}` if it wrote nothing.

    A last line that was cut short is left out.
    """
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return "{}"
    rows = [json.loads(line) for line in lines if line.endswith("]")]
    if not rows:
        return "{}"
    return json.dumps({name: [row[at] for row in rows[1:]] for at, name in enumerate(rows[0])})
