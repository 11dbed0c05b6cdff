"""A cross-check: the record of another load tool on the same cell, and its line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipebench.harness import measurement
from pipebench.harness.execution import Execution, Recorded


def recorded(execution: Execution, now: float) -> Recorded:
    """place: cell, tool, position, and either round, or rate (requests/s, or null)."""
    place = execution.place
    number = int(place["round"]) if place.get("round") else None
    rate = float(place["rate"]) if place.get("rate") else None
    document = measurement.raw(execution, now) | {
        "kind": "closed" if number else "constant",
        "tool": place["tool"],
        "rate": rate,
    }
    cell = place["cell"]
    when = f"round {number}" if number else "constant rate"
    file = f"crosscheck/{measurement.name_of(execution, f'r{number:02}' if number else 'rate')}"
    duration = execution.run["variables"]["bench_duration"]
    responses = responses_of(document)
    result = f"{responses / duration:,.0f} req/s" + (f" of {rate:,.0f} wanted" if rate else "")
    if document["harness_fault"]:
        result = f"HARNESS FAULT, {document['harness_fault'].splitlines()[0]}"
    return Recorded(
        file=file,
        document=document,
        line=f"  {place['tool']}, {when}{execution.where}  {cell['framework']:<18} "
        f"depth {cell['depth']}, {cell['connections']} connections: {result}",
        event={},
        trouble=not responses,
        passing=bool(responses),
    )


def responses_of(record: Mapping[str, Any]) -> int:
    """Answers that the tool counted in its measurement."""
    measured = [generator.get("measured") or {} for generator in record["generators"]]
    return sum((execution.get("result") or {}).get("responses", 0) for execution in measured)
