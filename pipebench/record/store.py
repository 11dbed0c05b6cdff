"""A run's folder: what its files are called, and how they are written whole.

Raw records and those of a cross-check are compressed, for zcat; all else is plain JSON, for people.
reading.py reads either, whatever it was that was written.
"""

from __future__ import annotations

import gzip
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from pipebench.record.schema import Record

RUN = "run.json"
RAW, CROSSCHECK, PROBE, PATH, HOSTS = "raw", "crosscheck", "probe", "baseline", "hosts"
CLOCKS, TUNING, PINNING = "clocks", "tuning", "pinning"
"""The folders of a run; the last is of older ones."""
ENDINGS = (".json", ".json.gz")
LARGE = 50_000  # characters
LEVEL = 6
"""Of compression: 9 takes five times as long for 4 % less."""


def leads_out(folder: Path) -> list[str]:
    """The names in a run's folder that are links: nothing is read or written through them."""
    return sorted(path.name for path in folder.iterdir() if path.is_symlink())


def files(folder: Path) -> list[Path]:
    """The documents in a folder, in the order of their names; none if there is no such folder."""
    # a leading dot: it is being written just now
    found = (path for ending in ENDINGS for path in folder.glob(f"[!.]*{ending}"))
    return sorted(found, key=lambda path: path.name)


def stem(path: Path) -> str:
    """A document's name without its ending."""
    return path.name.removesuffix(".gz").removesuffix(".json")


def raw_file(record: Record) -> str:
    return f"{RAW}/{_execution(record)}.json.gz"


def crosscheck_file(record: Record) -> str:
    return f"{CROSSCHECK}/{_execution(record)}-{record.tool}.json.gz"


def _execution(record: Record) -> str:
    """Sorted by these names, records are in the order in which they were made."""
    when = "rate" if record.round is None else f"r{record.round:02}"
    return (
        f"{record.testbed}-{when}-{record.position:03}-{record.framework}"
        f"-w{record.workers}-d{record.depth}-c{record.connections}"
    )


def probe_file(testbed: str, framework: str, workers: int | str) -> str:
    return f"{PROBE}/{testbed}-{framework}-w{workers}.json"


def path_file(testbed: str) -> str:
    return f"{PATH}/{testbed}.json"


def clock_file(testbed: str, moment: str) -> str:
    return f"{CLOCKS}/{testbed}-{moment}.json"


def tuning_file(host: str) -> str:
    return f"{TUNING}/{host}.json"


def host_file(host: str) -> str:
    return f"{HOSTS}/{host}.json"


def write(folder: Path, file: str, document: Struct) -> None:
    """Write a document into a run's folder; file: its name there, from one of the functions above.

    Raises OSError if it cannot be written; what was there before still is.
    """
    content = msgspec.json.encode(document)
    if file.endswith(".gz"):
        content = gzip.compress(content + b"\n", LEVEL, mtime=0)
    else:
        content = readable(content)
    write_bytes(folder / file, content)


def readable(content: bytes) -> bytes:
    """JSON indented for people, or without a space if it is large."""
    return (content if len(content) > LARGE else msgspec.json.format(content, indent=1)) + b"\n"


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
