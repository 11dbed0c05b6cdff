"""What must hold in a document besides the types of its fields."""

from __future__ import annotations

from typing import Any

from pipebench.record.schema import (
    READABLE,
    HostFingerprint,
    Record,
    RecordError,
    RunRecord,
    Versioned,
)

DEEPEST = 50
"""Values in values that anything here looks into."""
MOST_SCHEDULED = 500_000
"""Measurements of a run; a sweep over fifty testbeds has a hundred thousand."""


def check(document: Any, name: str) -> None:
    """RecordError: the document contradicts itself, or its version cannot be read."""
    if isinstance(document, Versioned):
        check_version(document.schema_version, name)
    if isinstance(document, Record):
        check_record(document)
    if isinstance(document, RunRecord):
        check_run(document)
    if isinstance(document, RunRecord | HostFingerprint):
        for field in document.__struct_fields__:
            check_depth(getattr(document, field))


def check_depth(value: Any, most: int = DEEPEST) -> None:
    """RecordError: values are nested more deeply than whoever reads them can follow."""
    if not isinstance(value, dict | list):
        return
    if not most:
        raise RecordError(f"its values are nested more than {DEEPEST} deep")
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            check_depth(inner, most - 1)


def check_run(run: RunRecord) -> None:
    """RecordError: it has more measurements than anybody makes."""
    count = sum(map(len, run.rounds)) * max(1, len(run.testbeds))
    if count > MOST_SCHEDULED:
        raise RecordError(
            f"its schedule has {count:,} measurements; it may have at most {MOST_SCHEDULED:,}"
        )


def check_version(version: Any, name: str, readable: tuple[int, ...] = READABLE) -> None:
    """RecordError: a version that this code cannot read."""
    if version not in readable or isinstance(version, bool):
        versions = " or ".join(map(str, readable))
        raise RecordError(f"{name} has schema version {version}; it must be {versions}")


def check_record(record: Record) -> None:
    """RecordError: an execution ended before it started, or columns differ in length."""
    for number, generator in enumerate(record.generators, start=1):
        for phase, execution in (("warmup", generator.warmup), ("measured", generator.measured)):
            if execution and execution.ended < execution.started:
                raise RecordError(f"{phase} of generator {number} ended before it started")
        seen = generator.connections
        if seen and not (
            len(seen.received_bytes) == len(seen.last_sent_ms) == len(seen.last_received_ms)
        ):
            raise RecordError(
                f"the connections of generator {number} are not as many in every column"
            )
