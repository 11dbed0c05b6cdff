"""A measurement: its raw record, its line with the time that is left, and its event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipebench.harness.execution import Execution, Recorded
from pipebench.plan.estimate import extended, left_s, left_text, measurements
from pipebench.record.parts import GENERATOR_KEYS, SERVER_KEYS, part
from pipebench.record.whole_file import time_text

SCHEMA_VERSION = 1
EVENT_KEYS = (
    "testbed", "round", "position", "framework", "workers", "depth", "connections", "threads",
)  # fmt: skip


def recorded(execution: Execution, now: float) -> Recorded:
    """place: cell, tool, round, position, and measuring_started (unix s)."""
    document = raw(execution, now)
    place, run, cell = execution.place, execution.run, execution.place["cell"]
    number, position = int(place["round"]), int(place["position"])
    count = measurements(run)
    done = sum(map(len, run["rounds"][: number - 1])) + position
    left = left_s(run, done, now - float(place["measuring_started"]))
    rate, result = rate_of(document), result_text(document)
    faulty = bool(document["harness_fault"])
    trouble = faulty or rate is None
    file = f"raw/{name_of(execution, f'r{number:02}')}"
    most = "at most " if extended(run) else ""
    return Recorded(
        file=file,
        document=document,
        line=f"[{done:>{len(str(count))}}/{count}] round {number}{execution.where}  "
        f"{cell['framework']:<18} depth {cell['depth']}, {cell['connections']} connections: "
        f"{result}  ({most}{left_text(left)})",
        event={
            "left_s": left,
            **{key: document[key] for key in EVENT_KEYS},
            "number": done,
            "count": count,
            "requests_per_s": None if faulty or rate is None else round(rate, 1),
            "said": result,
            "record": file,
        },
        trouble=trouble,
        passing=not trouble and position < len(run["rounds"][number - 1]),
    )


def raw(execution: Execution, now: float) -> dict[str, Any]:
    """The raw record (docs/architecture.md), as far as a measurement and a cross-check share it."""
    run, testbed, cell = execution.run, execution.testbed, execution.place["cell"]
    record: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "run_id": run["run_id"],
        "testbed": testbed["name"],
        "framework": cell["framework"],
        "stack": run["frameworks"][cell["framework"]]["stack"],
        "workers": cell["workers"],
        "depth": cell["depth"],
        "connections": cell["connections"],
        "threads": testbed["threads"],
        "round": int(execution.place["round"]) if execution.place.get("round") else None,
        "position": int(execution.place["position"]),
        "started": time_text(execution.started.get("started_at", now)),
        "ended": time_text(now),
        "deployment": {"available": not execution.unavailable, **execution.unavailable},
        "server": None,
        "generators": [],
        "harness_fault": execution.fault,
    }
    if not execution.unavailable:
        record["server"] = {
            "host": execution.server,
            **part(execution.started, SERVER_KEYS),
            **part(execution.stopped, SERVER_KEYS),
        }
        if not execution.load.get("skipped"):
            answer = part(execution.load, GENERATOR_KEYS)
            record["generators"] = [{"host": execution.generator, **answer}]
    return record


def name_of(execution: Execution, when: str) -> str:
    """The file's name: sorted by it, records are in the order in which they were made."""
    cell = execution.place["cell"]
    return (
        f"{execution.testbed['name']}-{when}-{int(execution.place['position']):03}-"
        f"{cell['framework']}-w{cell['workers']}-d{cell['depth']}-c{cell['connections']}.json"
    )


def rate_of(record: Mapping[str, Any]) -> float | None:
    """What wrk counted, by its own clock, requests/s; None if it got no answer."""
    for generator in record["generators"]:
        result = (generator.get("measured") or {}).get("result")
        if result and result["requests"]:
            return float(result["requests"] / result["duration_us"] * 1e6)
    return None


def result_text(record: Mapping[str, Any]) -> str:
    """What happened, short; what it means is judged later."""
    if record["harness_fault"]:
        return f"HARNESS FAULT, {record['harness_fault'].splitlines()[0]}"
    if not record["deployment"]["available"]:
        return f"unavailable, {record['deployment']['reason']}"
    if not record["server"].get("ready"):
        return str(record["server"].get("ready_error"))
    for generator in record["generators"]:
        if generator.get("ready_error"):
            return str(generator["ready_error"])
    rate = rate_of(record)
    return "no answer" if rate is None else f"{rate:,.0f} req/s"
