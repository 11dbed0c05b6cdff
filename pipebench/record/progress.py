"""progress.jsonl of a run: what has happened, for machines, one JSON object a line as it happens.

The events are classes of the schema. Like the raw records they judge nothing.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from pipebench.record.folder import append, content_of
from pipebench.record.reading import UNREADABLE
from pipebench.record.schema import AnyEvent, RecordError

NAME = "progress.jsonl"
BEGIN = b'{"event"'
EVENTS = msgspec.json.Decoder(AnyEvent)


def append_event(folder: str | Path, event: AnyEvent) -> None:
    """Add one line to a run's folder: whole, on a line of its own, also if several testbeds do so.

    OSError: it could not be written, and nothing of it is there.
    """
    append(Path(folder), NAME, msgspec.json.encode(event) + b"\n")


def read_events(folder: Path) -> list[AnyEvent]:
    """Every event of a run's folder in its order; lines that are not one are left out."""
    try:
        lines = content_of(folder, NAME).splitlines()
    except RecordError:
        return []
    return [event for line in lines if (event := _event(line))]


def _event(line: bytes) -> AnyEvent | None:
    """The event in a line; if that begins with another, which was cut short, the last one in it."""
    for begin in (0, line.rfind(BEGIN)):
        try:
            event: AnyEvent = EVENTS.decode(line[begin:])
        except UNREADABLE:
            continue
        return event
    return None
