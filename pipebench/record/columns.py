"""The long columns of a record as arrays, as packing.py or a host wrote them.

RecordError: a sentence on what contradicts itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Raw, Struct

from pipebench.documents.error_text import sentence
from pipebench.record.reading import parse
from pipebench.record.schema import RecordError, SampleColumns

US_PER_S = 1e6
LARGEST = 2**63 - 1
SPACE = b" \t\r\n"
NUMBERS = msgspec.json.Decoder(list[float | None])
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Histogram = tuple[Integers, Integers]
"""Values in us, strictly increasing, and how often each was counted: arrays of one length."""


@dataclass(frozen=True, slots=True)
class Samples:
    """The sampler's columns on one host; NaN, or None, if the host did not say.

    t: unix seconds, by the host's own clock. names: of the columns, as files/host/sampler.py has
    them. rows: which row of the table a column is; the first `complete` of them have no gap.
    constants: the value of a column that never changes. memory: of what was once computed from
    them.
    """

    t: Floats
    names: tuple[str, ...]
    rows: dict[str, int]
    table: Floats
    complete: int
    constants: dict[str, float | None]
    memory: dict[object, object] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, t: Floats, columns: Mapping[str, Floats]) -> Samples:
        """Columns that are arrays of one length."""
        wholes = {name: column for name, column in columns.items() if np.isfinite(column).all()}
        ordered = {**wholes, **columns}
        table = np.stack(list(ordered.values())) if ordered else np.empty((0, len(t)))
        rows = {name: row for row, name in enumerate(ordered)}
        return cls(t, tuple(columns), rows, table, len(wholes), {})

    def column(self, name: str) -> Floats | None:
        """One column; None if there is none of this name."""
        if name in self.rows:
            row: Floats = self.table[self.rows[name]]
            return row
        if name not in self.constants:
            return None
        value = self.constants[name]
        return np.full(len(self.t), np.nan if value is None else value)

    def known(self, name: str) -> tuple[Floats, Floats] | None:
        """The times at which a column is known, and its values; None if there is no such column."""
        values = self.column(name)
        if values is None or self.rows.get(name, self.complete) < self.complete:
            return None if values is None else (self.t, values)
        known = np.isfinite(values)
        return self.t[known], values[known]


NO_SAMPLES = Samples.of(np.empty(0), {})


class PackedHistogram(Struct, frozen=True):
    """Two lists of whole numbers; values: each as its distance from the one before it."""

    values: Raw
    counts: Raw


def samples_of(columns: SampleColumns, name: str) -> Samples:
    """Counters by time; no columns: none of anything. name: whose samples they are."""
    if not columns or isinstance(columns, list):
        return NO_SAMPLES
    wholes: dict[str, bytes] = {}
    gaps: dict[str, bytes] = {}
    constants: dict[str, bytes] = {}
    for key, column in columns.items():
        text = bytes(column)
        kind = constants if text[:1] != b"[" else gaps if b"n" in text else wholes
        kind[key] = text
    is_packed = "t_us" in wholes
    time = "t_us" if is_packed else "t"
    if time not in wholes:
        raise RecordError(f"the samples of {name} do not all have a time")
    table = _table(list(wholes.values()), list(gaps.values()), name)
    if is_packed:
        table = _summed(table, len(wholes))
    rows = {key: row for row, key in enumerate((*wholes, *gaps))}
    t = table[rows.pop(time)]
    if is_packed:
        t = t / US_PER_S
    if (t[1:] < t[:-1]).any():
        raise RecordError(f"the samples of {name} are not in the order of time")
    return Samples(
        t,
        tuple(key for key in columns if key != time),
        rows,
        table,
        len(wholes),
        dict(zip(constants, _known(_joined(constants), f"the columns of {name}"), strict=True)),
    )


def _table(wholes: list[bytes], gaps: list[bytes], name: str) -> Floats:
    """Lists of JSON as rows; those without a gap, which are nearly all, are read at once."""
    count = wholes[0].count(b",") + 1 if wholes[0].strip(b"[]" + SPACE) else 0
    table = np.empty((len(wholes) + len(gaps), count))
    joined = b",".join(wholes)
    rest = [*wholes, *gaps]
    if joined.translate(None, b"0123456789-" + SPACE) == _frame(len(wholes), count):
        table[: len(wholes)] = _numbers(joined.translate(None, b"[]")).reshape(-1, count)
        rest = gaps
    for row, text in enumerate(rest, start=len(table) - len(rest)):
        column = _known(text, f"a column of samples of {name}")
        if len(column) != count:
            raise RecordError(f"the samples of {name} are not as many in every column")
        table[row] = column
    return table


def _frame(rows: int, count: int) -> bytes:
    """Lists of whole numbers, without their digits."""
    return (b"[%s]," % (b"," * (count - 1)) * rows)[:-1]


def _joined(texts: Mapping[str, bytes]) -> bytes:
    """Values of JSON as a list of them."""
    return b"[%s]" % b",".join(texts.values())


def _known(text: bytes, name: str) -> list[float | None]:
    """A list of numbers and null."""
    try:
        numbers: list[float | None] = NUMBERS.decode(text)
    except msgspec.ValidationError as error:
        raise RecordError(sentence(error, msgspec.json.decode(text), name)) from error
    return numbers


def _summed(distances: Floats, complete: int) -> Floats:
    """The sums of each row; what is not known, after so many rows, is left out of them."""
    rest = distances[complete:]
    unknown = np.isnan(rest)
    rest[unknown] = 0
    sums = distances.cumsum(axis=1)
    sums[complete:][unknown] = np.nan
    return sums


def _numbers(text: bytes) -> Integers:
    """Whole numbers with commas between them."""
    return np.fromstring(text, dtype=np.int64, sep=",")


def histogram_of(content: Raw, name: str) -> Histogram:
    """A histogram of a tool's result. name: whose it is."""
    name = f"the histogram of {name}"
    text = bytes(content).strip()
    if text.startswith(b"{"):
        packed = parse(content, PackedHistogram, name)
        distances, counts = (_counts(one, name) for one in (packed.values, packed.counts))
        values = distances.cumsum()
    else:
        values, counts = _pairs(text, name)
    if len(values) != len(counts):
        raise RecordError(f"{name} has not a count for each value")
    if (values[1:] <= values[:-1]).any():
        raise RecordError(f"{name} is not in the order of its values")
    return values, counts


def _counts(content: Raw, name: str) -> Integers:
    """A list of whole numbers from 0."""
    text = bytes(content)
    if text == b"[]":
        return np.empty(0, np.int64)
    if text[:1] != b"[" or text[1:-1].translate(None, b"0123456789-," + SPACE):
        raise RecordError(f"{name} is not two lists of whole numbers")
    return _in_range(text[1:-1], name)


def _pairs(text: bytes, name: str) -> Histogram:
    """A list of [value, count], as hosts write it."""
    frame = text.translate(None, b"0123456789" + SPACE)
    if frame == b"[]":
        return np.empty(0, np.int64), np.empty(0, np.int64)
    if frame != b"[%s[,]]" % (b"[,]," * frame.count(b"],")):
        raise RecordError(f"{name} is not a list of pairs of whole numbers")
    numbers = _in_range(text.translate(None, b"[]"), name)
    return numbers[::2], numbers[1::2]


def _in_range(text: bytes, name: str) -> Integers:
    """Whole numbers with commas between them, all of them from 0."""
    numbers = _numbers(text)
    # what is larger than fits comes as the largest that does
    if b"-" in text or numbers.max() == LARGEST:
        raise RecordError(f"{name} has a number below 0, or one of more than 18 digits")
    return numbers
