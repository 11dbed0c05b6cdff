"""What must hold in a document besides the types of its fields."""

from __future__ import annotations

from typing import Any

from pipebench.record.schema import READABLE, Document, Record, RecordError


def check(document: Any, name: str) -> None:
    """RecordError: the document contradicts itself, or its version cannot be read."""
    if isinstance(document, Document):
        check_version(document.schema_version, name)
    if isinstance(document, Record):
        check_record(document)


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
