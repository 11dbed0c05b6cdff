"""Bytes to a document of the schema, or a sentence on why they are not one."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from pipebench.documents.error_text import kind_of, sentence
from pipebench.record.checks import check, check_depth, check_version
from pipebench.record.folder import LARGEST_BYTES, content_of
from pipebench.record.schema import PathRecord, Record, RecordError, RunError, Versioned

T = TypeVar("T", bound=Struct)

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What bytes that are not JSON, or not even text, are told by."""
DOCUMENT_BYTES = 16_000_000
"""The largest document without samples that is read: some ten times that of a fleet's sweep."""
WITH_SAMPLES = (Record, PathRecord)


def read(folder: Path, file: str, kind: type[T], name: str = "the record") -> T:
    """A document of a run's folder. RecordError: it cannot be used, and why.

    file: its name there, as `store.files` and the functions beside it give it.
    """
    most = LARGEST_BYTES if issubclass(kind, WITH_SAMPLES) else DOCUMENT_BYTES
    return parse(content_of(folder, file, most), kind, name)


@contextmanager
def one_document() -> Iterator[None]:
    """Around all that is made of one document alone: whatever fails there, it cannot be used.

    So a document that nobody thought of costs its own run a sentence, and no other document.
    RecordError instead of any exception that nobody expects.
    """
    try:
        yield
    except (RecordError, RunError, OSError):
        raise
    except Exception as error:
        raise RecordError(f"it cannot be used ({type(error).__name__}: {error})") from error


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


def json_value(content: bytes, *, deep: bool = False) -> Any:
    """Any JSON value. RecordError: it is not JSON, or nested too deeply, unless deep is allowed."""
    try:
        value = msgspec.json.decode(content)
    except UNREADABLE as error:
        raise RecordError(malformed(content)) from error
    if not deep:
        check_depth(value)
    return value


def salvage(value: Any, kind: type[T], name: str) -> tuple[T, list[str]]:
    """A document without the fields that cannot be used, and a sentence for each of them.

    value: any JSON, however deep.

    Of a list or an object, only the entries that cannot be used are left out. RecordError: a
    field that must be there is not.
    """
    if not isinstance(value, dict):
        raise RecordError(f"{name} is {kind_of(value)}; it must be an object")
    _check_version_first(value, kind, name)
    problems: list[str] = []
    kinds = _kinds_of(kind)
    parts = {
        key: _usable(part, kinds[key], f"{key} of {name}", problems)
        for key, part in value.items()
        if key in kinds
    }
    kept = {key: part for key, part in parts.items() if part is not _UNUSABLE}
    return parse(msgspec.json.encode(kept), kind, name), problems


_UNUSABLE = object()


def _usable(value: Any, kind: Any, name: str, problems: list[str]) -> Any:
    """The value without what of it cannot be used; _UNUSABLE if nothing of it can."""
    try:
        check_depth(value)
        msgspec.convert(value, kind)
    except (RecordError, msgspec.ValidationError) as error:
        usable = _usable_parts(value, kind, name, problems)
        if usable is _UNUSABLE:
            why = f"{name} cannot be read: {error}"
            if isinstance(error, msgspec.ValidationError):
                why = sentence(error, value, name)
            problems.append(f"{why}; it is not used")
        return usable
    return value


def _usable_parts(value: Any, kind: Any, name: str, problems: list[str]) -> Any:
    """The entries of a list or an object that can be used; _UNUSABLE if there can be none."""
    kind = typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    found: list[str] = []
    if isinstance(value, list) and origin is list:
        items = [
            _usable(item, inner[0], f"item {number} of {name}", found)
            for number, item in enumerate(value, start=1)
        ]
        usable: Any = [item for item in items if item is not _UNUSABLE]
    elif isinstance(value, dict) and origin is dict:
        entries = {
            key: _usable(entry, inner[1], f"{key} in {name}", found) for key, entry in value.items()
        }
        usable = {key: entry for key, entry in entries.items() if entry is not _UNUSABLE}
    else:
        return _UNUSABLE
    if not found:  # there are too many of them
        return _UNUSABLE
    problems += found
    return usable


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
def _kinds_of(kind: type[Struct]) -> dict[str, Any]:
    """The types of a document's fields, with their limits."""
    return typing.get_type_hints(kind, include_extras=True)


@cache
def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    return msgspec.json.Decoder(kind)


def _check_version_first(value: Any, kind: type[Struct], name: str) -> None:
    """Of a version that cannot be read, nothing else that is wrong matters."""
    if issubclass(kind, Versioned) and isinstance(value, dict):
        if "schema_version" not in value:
            raise RecordError(f"{name} has no schema_version")
        check_version(value["schema_version"], name)
