"""A run's folder: what its files are called, and how they are written whole.

Raw records and those of a cross-check are compressed, for zcat; all else is plain JSON, for people.
reading.py reads either, whatever it was that was written.
"""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from pipebench.record.schema import (
    HostFingerprint,
    PathRecord,
    ProbeRecord,
    Record,
    RunRecord,
)

RUN = "run.json"
RAW, CROSSCHECK, PROBE, PATH, HOSTS = "raw", "crosscheck", "probe", "baseline", "hosts"
"""The folders of a run."""
ENDINGS = (".json", ".json.gz")
LARGE = 50_000  # characters
LEVEL = 6
"""Of compression: 9 takes five times as long for 4 % less."""


def files(folder: Path) -> list[Path]:
    """The documents in a folder, in the order of their names; none if there is no such folder."""
    # a leading dot: it is being written just now
    found = (path for ending in ENDINGS for path in folder.glob(f"[!.]*{ending}"))
    return sorted(found, key=lambda path: path.name)


def stem(path: Path) -> str:
    """A document's name without its ending."""
    return path.name.removesuffix(".gz").removesuffix(".json")


def record_name(record: Record) -> str:
    """The file of an execution: sorted by it, records are in the order in which they were made."""
    when = "rate" if record.round is None else f"r{record.round:02}"
    return (
        f"{record.testbed}-{when}-{record.position:03}-{record.framework}"
        f"-w{record.workers}-d{record.depth}-c{record.connections}.json.gz"
    )


# Each of these writes a document into a run's folder and returns its name below that. OSError: it
# cannot be written, and what was there before still is.


def write_measurement(folder: Path, record: Record) -> str:
    return _write(folder, f"{RAW}/{record_name(record)}", record)


def write_crosscheck(folder: Path, record: Record) -> str:
    return _write(folder, f"{CROSSCHECK}/{record_name(record)}", record)


def write_probe(folder: Path, record: ProbeRecord) -> str:
    name = f"{PROBE}/{record.testbed}-{record.framework}-w{record.workers}.json"
    return _write(folder, name, record)


def write_path(folder: Path, record: PathRecord) -> str:
    return _write(folder, f"{PATH}/{record.testbed}.json", record)


def write_host(folder: Path, host: str, fingerprint: HostFingerprint) -> str:
    return _write(folder, f"{HOSTS}/{host}.json", fingerprint)


def write_run(folder: Path, record: RunRecord) -> str:
    return _write(folder, RUN, record)


def _write(folder: Path, name: str, document: Struct) -> str:
    content = msgspec.json.encode(document)
    if name.endswith(".gz"):
        content = gzip.compress(content + b"\n", LEVEL, mtime=0)
    else:
        content = readable(content)
    write_bytes(folder / name, content)
    return name


def readable(content: bytes) -> bytes:
    """JSON indented for people, or without a space if it is large."""
    return (content if len(content) > LARGE else msgspec.json.format(content, indent=1)) + b"\n"


def write_json(path: str | Path, data: Any) -> None:
    """Write what JSON can hold, for people."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    write_bytes(path, readable(text.encode()))


def write_text(path: str | Path, text: str) -> None:
    write_bytes(path, text.encode())


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write a file, making its folder; an old file stays until the new one is whole.

    Raises OSError (no space, no permission) with the old file untouched.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def time_text(moment: float) -> str:
    """Seconds since the epoch as ISO 8601, UTC, with microseconds: a time in every record."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
