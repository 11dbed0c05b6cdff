"""progress.jsonl of a run: what has happened, for machines, one JSON object a line as it happens.

The events are classes of the schema. Like the raw records they judge nothing.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from pipebench.record.reading import UNREADABLE
from pipebench.record.schema import AnyEvent

NAME = "progress.jsonl"


def append_event(folder: str | Path, event: AnyEvent) -> None:
    """Add one line to a run's folder.

    Whole lines, also if several testbeds write at the same time: each is a single write.
    """
    text = msgspec.json.encode(event) + b"\n"
    descriptor = os.open(Path(folder) / NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, text)
    finally:
        os.close(descriptor)


def read_events(folder: Path) -> list[AnyEvent]:
    """Every event of a run's folder in its order; lines that are not one are left out."""
    try:
        lines = (folder / NAME).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    decoder = msgspec.json.Decoder(AnyEvent)
    events: list[AnyEvent] = []
    for line in lines:
        try:
            events.append(decoder.decode(line))
        except UNREADABLE:
            continue
    return events
