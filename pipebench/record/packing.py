"""How the long columns of a record are written: tightly, and losing nothing. columns.py reads them.

A load tool's histogram and the samples of two hosts are nearly all of a record. A thousand values
cost 62 kB as the hosts print them, 26 kB like this, and 3.6 kB compressed; to read them costs less,
too.

- A histogram, any member `histogram` of a tool's result that is a list of [value, count]:
  `{"values": [...], "counts": [...]}`, each value as its distance from the one before.
- The connections of the load: `received_bytes`, which increases, as distances.
- Samples: `t_us` takes the place of `t`, in whole microseconds. A column is a list of distances
  from the last known value, with null for what is not known; or, if it never changes, its value.

Samples that are not whole numbers, or moments that are not whole microseconds, stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Raw
from msgspec.json import encode

from pipebench.record.reading import json_value
from pipebench.record.schema import Column

US_PER_S = 1_000_000


def packed_samples(columns: Mapping[str, Any]) -> dict[str, Raw]:
    """The sampler's columns, each a list of one length, as a record holds them."""
    return {name: Raw(encode(column)) for name, column in _packed_columns(columns).items()}


def _packed_columns(columns: Mapping[str, Any]) -> Mapping[str, Any]:
    moments = columns.get("t")
    if not moments or not all(map(_can_be_packed, columns.items())):
        return columns
    t_us = distances(round(t * US_PER_S) for t in moments)
    return {"t_us": t_us} | {
        name: _packed(column) for name, column in columns.items() if name != "t"
    }


def _can_be_packed(entry: tuple[str, Any]) -> bool:
    name, column = entry
    if not isinstance(column, list) or not column:
        return False
    if name == "t":
        return all(type(t) in (int, float) and round(t * US_PER_S) / US_PER_S == t for t in column)
    return all(value is None or type(value) is int for value in column)


def _packed(column: list[int | None]) -> Column:
    first = column[0]
    return first if all(value == first for value in column) else distances(column)


def distances(column: Iterable[int | None]) -> list[int | float | None]:
    """Each number as its distance from the last one before it, the first from 0."""
    found: list[int | float | None] = []
    last = 0
    for value in column:
        found.append(None if value is None else value - last)
        last = last if value is None else value
    return found


def packed_connections(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of the connections as a record holds them."""
    received = columns.get("received_bytes")
    if not isinstance(received, list) or not all(type(number) is int for number in received):
        return dict(columns)  # the schema says what is wrong with it
    return {**columns, "received_bytes": distances(received)}


def packed_result(text: str) -> Raw:
    """A load tool's result, JSON, as a record holds it. RecordError: it is not JSON."""
    return Raw(encode(_with_packed_histograms(json_value(text.encode()))))


def _with_packed_histograms(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        key: _packed_histogram(inner) if key == "histogram" else _with_packed_histograms(inner)
        for key, inner in value.items()
    }


def _packed_histogram(pairs: Any) -> Any:
    """Anything but pairs of whole numbers stays as it is: the reader says what is wrong with it."""
    if not isinstance(pairs, list) or not all(map(_is_a_pair, pairs)):
        return pairs
    return {"values": distances(value for value, _ in pairs), "counts": [n for _, n in pairs]}


def _is_a_pair(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(type(n) is int for n in pair)
