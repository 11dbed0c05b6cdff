"""Bytes to a document of the schema, or a sentence on why they are not one."""

from __future__ import annotations

import json
import stat
import typing
import zlib
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from pipebench.record.checks import check, check_version
from pipebench.record.schema import Document, RecordError
from pipebench.record.sentences import sentence

T = TypeVar("T", bound=Struct)

GZIP = b"\x1f\x8b"
GZIP_WBITS = 31
"""For zlib: the format of gzip, with any window."""
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What bytes that are not JSON, or not even text, are told by."""
LARGEST_BYTES = 200_000_000
"""The largest document that is read: a thousand times what a run of this project writes."""


def read(path: Path, kind: type[T], name: str = "the record") -> T:
    """A file's document, compressed or not. RecordError: it cannot be used, and why."""
    return parse(content_of(path), kind, name)


def content_of(path: Path) -> bytes:
    """A file's JSON. RecordError: it cannot be read, or is cut short."""
    try:
        state = path.lstat()
        if not stat.S_ISREG(state.st_mode):
            raise RecordError("it is not a file, but a link, a folder or the like")
        if state.st_size > LARGEST_BYTES:
            raise RecordError(f"it is too large ({state.st_size:,} bytes)")
        content = path.read_bytes()
    except OSError as error:
        raise RecordError(f"it cannot be read ({error.strerror})") from error
    if not content.startswith(GZIP):
        return content
    damaged = f"it is truncated after {len(content)} bytes, or damaged"
    unpacking = zlib.decompressobj(GZIP_WBITS)
    try:
        whole = unpacking.decompress(content, LARGEST_BYTES + 1)
    except zlib.error as error:
        raise RecordError(damaged) from error
    if len(whole) > LARGEST_BYTES:
        raise RecordError(f"it is too large (more than {LARGEST_BYTES:,} bytes, unpacked)")
    if not unpacking.eof or unpacking.unused_data.strip(b"\0"):
        raise RecordError(damaged)
    return whole


def parse(content: bytes | msgspec.Raw, kind: type[T], name: str) -> T:
    """A document that is checked. RecordError: the sentence says what of it cannot be used.

    name: what the document is called in that sentence.
    """
    try:
        document: T = _decoder(kind).decode(content)
    except msgspec.ValidationError as error:
        value = json_value(bytes(content))
        _check_version_first(value, kind, name)
        raise RecordError(sentence(error, value, name)) from error
    except UNREADABLE as error:
        raise RecordError(malformed(bytes(content))) from error
    check(document, name)
    return document


def json_value(content: bytes) -> Any:
    """Any JSON value. RecordError: it is not JSON."""
    try:
        return msgspec.json.decode(content)
    except UNREADABLE as error:
        raise RecordError(malformed(content)) from error


def salvage(value: Any, kind: type[T], name: str) -> tuple[T, list[str]]:
    """A document without the fields that cannot be used, and a sentence for each of them.

    Of a list or an object, only the entries that cannot be used are left out. RecordError: a
    field that must be there is not.
    """
    _check_version_first(value, kind, name)
    problems: list[str] = []
    if isinstance(value, dict):
        kinds = typing.get_type_hints(kind, include_extras=True)
        value = {
            key: _usable(part, kinds[key], f"{key} of {name}", problems)
            for key, part in value.items()
            if key in kinds
        }
    kept = {key: part for key, part in value.items() if part is not _UNUSABLE}
    return parse(msgspec.json.encode(kept), kind, name), problems


_UNUSABLE = object()


def _usable(value: Any, kind: Any, name: str, problems: list[str]) -> Any:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        inner = typing.get_args(kind)
        if isinstance(value, list) and typing.get_origin(kind) is list:
            items = [
                _usable(item, inner[0], f"item {number} of {name}", problems)
                for number, item in enumerate(value, start=1)
            ]
            return [item for item in items if item is not _UNUSABLE]
        if isinstance(value, dict) and typing.get_origin(kind) is dict:
            entries = {
                key: _usable(entry, inner[1], f"{key} in {name}", problems)
                for key, entry in value.items()
            }
            return {key: entry for key, entry in entries.items() if entry is not _UNUSABLE}
        problems.append(f"{sentence(error, value, name)}; it is not used")
        return _UNUSABLE
    return value


def malformed(content: bytes) -> str:
    """Why bytes are not JSON."""
    if not content.strip():
        return "it is empty"
    try:
        json.loads(content)
    except json.JSONDecodeError as error:
        rest = error.doc[error.pos :].strip()
        if not rest or error.msg.startswith("Unterminated"):
            return f"it is truncated after {len(content)} bytes"
        return f"it is truncated or not JSON ({error})"
    except (ValueError, RecursionError) as error:
        return f"it is not JSON ({error})"
    return "it is not JSON: it has NaN or Infinity, which JSON does not know"


@cache
def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    return msgspec.json.Decoder(kind)


def _check_version_first(value: Any, kind: type[Struct], name: str) -> None:
    """Of a version that cannot be read, nothing else that is wrong matters."""
    if issubclass(kind, Document) and isinstance(value, dict):
        if "schema_version" not in value:
            raise RecordError(f"{name} has no schema_version")
        check_version(value["schema_version"], name)
