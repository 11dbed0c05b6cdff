"""The lines of a run's progress.jsonl, checked against what docs/formats.md says of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs" / "formats.md"
NULLABLE = {"requests_per_s", "seconds_left", "round", "rate"}


def documented() -> dict[str, dict[str, Any]]:
    """The example of each event."""
    text = PAGE.read_text(encoding="utf-8")
    examples = re.findall(r'^ {4}(\{"event".*?\})$', text, flags=re.MULTILINE | re.DOTALL)
    lines = [json.loads(example) for example in examples]
    return {line["event"]: line for line in lines}


def checked(path: Path) -> list[dict[str, Any]]:
    """Every line as an object; each has the documented fields, of the documented types."""
    examples = documented()
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        example = examples[line["event"]]
        assert list(line) == list(example)
        for key, value in line.items():
            same = type(value) is type(example[key])
            assert same or (key in NULLABLE and None in (value, example[key])), key
    return lines
