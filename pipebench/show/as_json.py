"""What list and show print with --json (docs/formats.md): plain JSON, with stable keys."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import structs

from pipebench.measure.measurement import Measurement
from pipebench.record.values import harmless
from pipebench.rules.conformance import Conformance
from pipebench.rules.path_capacity import DIRECTIONS, PathCapacity
from pipebench.run.columns import Column, Row
from pipebench.run.judge import JudgedMeasurement
from pipebench.run.tables import RESULTS
from pipebench.show.listing import Listed

SCHEMA_VERSION = 1
"""Raised if a key that exists changes its meaning. Keys may be added."""
Document = Mapping[str, Any]


def text(document: Document) -> str:
    """Of one object; texts of strangers have nothing that a terminal obeys."""
    return json.dumps({"schema_version": SCHEMA_VERSION, **_plain(document)}, indent=1)


def _plain(value: Any) -> Any:
    """Values as JSON has them; null for what is not a number."""
    if isinstance(value, Mapping):
        return {_plain(str(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, str):
        return harmless(value)
    if value is None or isinstance(value, bool | int):
        return value
    number = float(value)  # of numpy, too
    return number if math.isfinite(number) else None


def row(columns: Sequence[Column[Row]], of: Row) -> dict[str, Any]:
    """A row of a table by the names of its columns, not rounded; null: not measured."""
    return {column.name: _value(column.value(of)) for column in columns}


def _value(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def listed(runs: Iterable[Listed], broken: Sequence[str]) -> Document:
    """Of `list`."""
    return {"runs": [_listed(one) for one in runs], "not_listed": broken}


def _listed(one: Listed) -> dict[str, Any]:
    run = one.run
    return {
        "folder": str(one.folder),
        "run_id": run.run_id,
        "started": run.started.isoformat() if run.started else None,
        "ended": run.ended.isoformat() if run.ended else None,
        "state": one.state,
        "measured": one.measured,
        "scheduled": run.scheduled,
        "rounds": len(run.rounds),
        "commit": run.commit,
        "dirty": run.dirty,
        "testbeds": [
            {"name": testbed.name, "server": testbed.server, "generators": testbed.generators}
            for testbed in run.testbeds
        ],
        "frameworks": [name for name, about in run.frameworks.items() if about.ranked],
    }


def measurement(judged: JudgedMeasurement, problem: str | None) -> Document:
    """Of `show` with a record in raw/. problem: why its run cannot be read."""
    values = row(RESULTS, judged)
    return {
        "kind": "raw",
        "values": values,
        "rules": judged.judgement.rules,
        "run_problem": problem,
    }


def checked(measurement: Measurement, problem: str) -> Document:
    """Of `show` with a record in crosscheck/. problem: why it has no figures to compare; or ""."""
    totals = measurement.totals
    return _execution(
        "crosscheck",
        measurement,
        problem,
        rate=measurement.rate,
        requests=totals.requests if totals else None,
        duration_s=totals.duration_s if totals else None,
        requests_per_s=totals.requests_per_s if totals else None,
    )


def answers(measurement: Measurement, problem: str) -> Document:
    """Of `show` with a record in answers/. problem: why nothing was checked; or ""."""
    checked = dataclasses.asdict(measurement.checked) if measurement.checked else None
    return _execution("answers", measurement, problem, round=measurement.round, checked=checked)


def _execution(kind: str, measurement: Measurement, problem: str, **own: Any) -> Document:
    """Of a record beside the measurements. own: what its kind alone has."""
    return {
        "kind": kind,
        **structs.asdict(measurement.cell),
        "tool": measurement.tool,
        **own,
        "problem": problem or None,
    }


def probe(seen: Conformance) -> Document:
    """Of `show` with a record in probe/."""
    return {
        "kind": "probe",
        **structs.asdict(seen.server),
        "not_probed": seen.why,
        "harness_fault": seen.harness_fault,
        "cases": [
            {
                "name": case.name,
                "class": case.seen,
                "conforms": case.conforms,
                "relied_on": case.relied_on,
                "answered": case.answered,
                "expected": case.expected,
                "detail": case.detail,
                "offsets": case.offsets,
            }
            for case in seen.cases
        ],
    }


def path_capacity(path: PathCapacity) -> Document:
    """Of `show` with a record in baseline/."""
    carried = {"bytes": path.bytes, "packets": path.packets}
    return {
        "kind": "baseline",
        "testbed": path.testbed,
        "capacity": {
            direction: {
                unit: {"per_s": one.per_s, "at_least": one.at_least}
                if (one := capacities.get(direction))
                else None
                for unit, capacities in carried.items()
            }
            for direction in DIRECTIONS
        },
        "problems": path.problems,
    }
