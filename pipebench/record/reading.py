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

from pipebench.record.checks import check, check_depth, check_version
from pipebench.record.folder import LARGEST_BYTES, content_of
from pipebench.record.schema import Document, PathRecord, Record, RecordError, RunError
from pipebench.record.sentences import kind_of, sentence

T = TypeVar("T", bound=Struct)

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What bytes that are not JSON, or not even text, are told by."""
DOCUMENT_BYTES = 8_000_000
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


def json_value(content: bytes) -> Any:
    """Any JSON value. RecordError: it is not JSON, or nested too deeply."""
    try:
        value = msgspec.json.decode(content)
    except UNREADABLE as error:
        raise RecordError(malformed(content)) from error
    check_depth(value)
    return value


def salvage(value: Any, kind: type[T], name: str) -> tuple[T, list[str]]:
    """A document without the fields that cannot be used, and a sentence for each of them.

    Of a list or an object, only the entries that cannot be used are left out. RecordError: a
    field that must be there is not.
    """
    if not isinstance(value, dict):
        raise RecordError(f"{name} is {kind_of(value)}; it must be an object")
    _check_version_first(value, kind, name)
    problems: list[str] = []
    kinds = typing.get_type_hints(kind, include_extras=True)
    parts = {
        key: _usable(part, kinds[key], f"{key} of {name}", problems)
        for key, part in value.items()
        if key in kinds
    }
    kept = {key: part for key, part in parts.items() if part is not _UNUSABLE}
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
