"""A run's folder: what its files are called, and how they are written whole.

Raw records and those of a cross-check are compressed, for zcat; all else is plain JSON, for people.
reading.py reads either, whatever it was that was written.
"""

from __future__ import annotations

import gzip
import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from pipebench.record.factors import Cell, ServerFactors, factors_in
from pipebench.record.folder import names_in, write_files
from pipebench.record.schema import ProbeRecord, Record

RUN = "run.json"
RAW, CROSSCHECK, PROBE, PATH, HOSTS = "raw", "crosscheck", "probe", "baseline", "hosts"
ANSWERS = "answers"
CLOCKS, TUNING, PINNING = "clocks", "tuning", "pinning"
"""The folders of a run; the last is of older ones."""
ENDINGS = (".json", ".json.gz")
BETWEEN = "_"
"""Between the parts of a record's name. Names of testbeds, frameworks, variants and tools do not
have it, so no two executions have the same file. Older runs have a `-`."""
LARGE = 50_000  # characters
LEVEL = 6
"""Of compression: 9 takes five times as long for 4 % less."""


def leads_out(folder: Path) -> list[str]:
    """The names in a run's folder that are links: nothing is read or written through them."""
    return sorted(path.name for path in folder.iterdir() if path.is_symlink())


def files(folder: Path, inner: str) -> list[str]:
    """The documents in a folder of a run, as `raw/a.json`, in their order; none if it is not there.

    What is among them may be no file at all: whoever reads it is told so.
    """
    # a leading dot: it is being written just now
    return [
        f"{inner}/{name}"
        for name in names_in(folder, inner)
        if name.endswith(ENDINGS) and not name.startswith(".")
    ]


def name_of(file: str) -> str:
    """A document's own name, without that of its folder."""
    return file.rpartition("/")[2]


def stem(file: str) -> str:
    """A document's own name without its ending."""
    return name_of(file).removesuffix(".gz").removesuffix(".json")


def raw_file(record: Record) -> str:
    return execution_file(RAW, record.cell, record.round, record.position)


def answers_file(record: Record) -> str:
    return execution_file(ANSWERS, record.cell, record.round, record.position)


def crosscheck_file(record: Record) -> str:
    return execution_file(CROSSCHECK, record.cell, record.round, record.position, str(record.tool))


def execution_file(
    folder: str, cell: Cell, number: int | None, position: int, tool: str = ""
) -> str:
    """The file of a cell under a load tool; sorted, they are in the order of their executions.

    number: of the round; None: at a constant rate. tool: empty for the one that measures.
    """
    when = "rate" if number is None else f"r{number:02}"
    testbed, *others = _values(cell)
    parts = [testbed, when, f"{position:03}", *others, *([tool] if tool else [])]
    return f"{folder}/{BETWEEN.join(parts)}.json.gz"


def round_in_name(name: str, testbed: str) -> int | None:
    """The round of a raw record of a testbed by its name, for whoever reads no record."""
    found = re.match(rf"{re.escape(testbed)}[{BETWEEN}-]r(\d+)[{BETWEEN}-]", name)
    return int(found[1]) if found else None


def _values(one: ServerFactors) -> list[str]:
    """The value of each factor as a name has it, the testbed's first."""
    return [f"{factor.letter}{factor.of(one)}" for factor in factors_in(type(one))]


def probe_file(record: ProbeRecord) -> str:
    return f"{PROBE}/{BETWEEN.join(_values(record))}.json"


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
    write_files(folder, {file: content}, durable=True)


def readable(content: bytes) -> bytes:
    """JSON indented for people, or without a space if it is large."""
    return (content if len(content) > LARGE else msgspec.json.format(content, indent=1)) + b"\n"


def write_text(path: str | Path, text: str) -> None:
    write_bytes(path, text.encode())


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write a file of ours, making its folder; an old file stays until the new one is whole.

    Raises OSError (no space, no permission) with the old file untouched.
    """
    path = Path(path)
    write_files(path.parent, {path.name: content}, durable=True)


def time_text(moment: float) -> str:
    """Seconds since the epoch as ISO 8601, UTC, with microseconds: a time in every record."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
