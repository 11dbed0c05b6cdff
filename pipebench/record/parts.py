"""Which parts of what the host programs answered belong to a raw record."""

import json
from collections.abc import Mapping
from typing import Any

SERVER_KEYS = (
    "unit", "ready", "ready_s", "ready_error", "cpus", "started_pid",
    "state", "exited_at", "rss_peak_bytes", "samples", "journal",
)  # fmt: skip
GENERATOR_KEYS = ("cpus", "ready_error", "samples", "warmup", "measured")


def part(result: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """The keys of a task's result that belong to the record; what came as JSON is read."""
    chosen = {key: result[key] for key in keys if key in result}
    if "samples" in chosen:
        chosen["samples"] = json.loads(chosen["samples"])
    for phase in ("warmup", "measured"):
        if chosen.get(phase):
            text = chosen[phase]["result"]
            chosen[phase] = {**chosen[phase], "result": json.loads(text) if text else None}
    return chosen
