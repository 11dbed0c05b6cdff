"""What people write (variables, framework.yml, prices.yml), checked against a declared Struct.

A field is declared once, with its type and limits; the words for what is right are made from these.
Each field is converted by itself, so that all mistakes are reported at once. What `Meta.extra` may
have: `right`, other words for what is right; `note`, the reason for a limit, in brackets.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple, get_type_hints

import msgspec
from msgspec import inspect

NUMBERS = {inspect.IntType: "whole number", inspect.FloatType: "number"}
WORDS = {inspect.BoolType: "true or false", inspect.NoneType: "null"}


class WrongValueError(ValueError):
    """A value is wrong; the message says what is right: `it must be true or false`."""


class Fields(NamedTuple):
    """A mapping as read. values: by attribute, those that are right; mistakes: by key, a sentence.

    The sentences have no full stop.
    """

    values: dict[str, Any]
    mistakes: dict[str, str]


class DeclaredField(NamedTuple):
    """One declared field. annotation: its type with limits; kind: the same, to be looked into."""

    attribute: str
    annotation: Any
    kind: inspect.Type
    required: bool


@functools.cache
def fields_of(cls: type[msgspec.Struct]) -> dict[str, DeclaredField]:
    """The fields of a Struct by the key that they have in a file."""
    annotations = get_type_hints(cls, include_extras=True)
    described = inspect.type_info(cls)
    assert isinstance(described, inspect.StructType)
    return {
        field.encode_name: DeclaredField(
            field.name, annotations[field.name], field.type, field.required
        )
        for field in described.fields
    }


def read_fields(
    cls: type[msgspec.Struct],
    given: Mapping[str, Any],
    where: str = "",
    written: Mapping[str, Any] | None = None,
) -> Fields:
    """Every field of a mapping by itself.

    where: the beginning of each sentence. written: the values as a person wrote them, if they were
    prepared since.
    """
    declared, shown = fields_of(cls), given if written is None else written
    values: dict[str, Any] = {}
    mistakes = {
        key: f"{where}{key!r} is not a known key; {suggestion(key, declared)}"
        for key in given
        if key not in declared
    }
    for key, field in declared.items():
        if key in given:
            try:
                values[field.attribute] = read_value(field, given[key])
            except WrongValueError as error:
                mistakes[key] = f"{where}{key} is {shown[key]!r}; {error}"
        elif field.required:
            mistakes[key] = f"{where}{key} is missing"
    return Fields(values, mistakes)


def read_value(field: DeclaredField, value: Any) -> Any:
    """The value in the field's own type. Raises WrongValueError."""
    struct = struct_in(field.kind)
    if struct is not None and isinstance(value, Mapping):
        return _read_struct(struct, value)
    try:
        read = msgspec.convert(value, field.annotation, strict=False)
    except msgspec.ValidationError as error:
        raise WrongValueError(f"it must be {requirement(field.kind)}") from error
    if isinstance(read, list) and len(set(read)) != len(read):
        raise WrongValueError("it must have each value once")
    return read


def _read_struct(cls: type[msgspec.Struct], value: Mapping[str, Any]) -> msgspec.Struct:
    declared = fields_of(cls)
    if value.keys() != declared.keys():
        raise WrongValueError(f"it must have the keys {listed(declared)}, and no other")
    values, mistakes = read_fields(cls, value)
    wrong = [f"its {key} must be {requirement(declared[key].kind)}" for key in mistakes]
    if wrong:
        raise WrongValueError("; ".join(wrong))
    try:
        return cls(**values)
    except ValueError as error:
        raise WrongValueError(str(error)) from error


def matches(value: Any, annotation: Any) -> bool:
    """Whether a value is what an annotation, with its limits, says."""
    try:
        msgspec.convert(value, annotation)
    except msgspec.ValidationError:
        return False
    return True


def parts_of(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    """The types of which a value may have one."""
    if isinstance(kind, inspect.Metadata):
        return parts_of(kind.type)
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def struct_in(kind: inspect.Type) -> type[msgspec.Struct] | None:
    """The Struct that a value of this type may be."""
    structs = (part.cls for part in parts_of(kind) if isinstance(part, inspect.StructType))
    return next(structs, None)


def requirement(kind: inspect.Type) -> str:
    """What a value of this type must be, in words: `a whole number from 1 to 1024, or auto`."""
    if isinstance(kind, inspect.Metadata):
        return _described(kind)
    if isinstance(kind, inspect.UnionType):
        return ", or ".join(requirement(part) for part in kind.types)
    if isinstance(kind, inspect.LiteralType):
        return listed(map(str, kind.values), "or")
    if isinstance(kind, inspect.IntType | inspect.FloatType | inspect.ListType):
        return _numbers(kind)
    if isinstance(kind, inspect.StructType):
        return str(getattr(kind.cls, "EXAMPLE", f"a mapping with {listed(fields_of(kind.cls))}"))
    return WORDS.get(type(kind), "a text")


def _described(kind: inspect.Metadata) -> str:
    """The words for a type that was declared with some of its own."""
    extra = kind.extra or {}
    words = extra.get("right") or requirement(kind.type)
    examples = (kind.extra_json_schema or {}).get("examples")
    words += f", for example {' or '.join(examples)}" if examples else ""
    return words + (f" ({extra['note']})" if "note" in extra else "")


def _numbers(kind: inspect.Type) -> str:
    """A number, or a list of numbers or of anything else."""
    if isinstance(kind, inspect.ListType):
        item = kind.item_type
        return f"{NUMBERS[type(item)]}s{_limits(item)}" if type(item) in NUMBERS else "a list"
    return f"a {NUMBERS[type(kind)]}{_limits(kind)}"


def _limits(kind: Any) -> str:
    """The limits of a number, which are in pairs: from, to; above, below."""
    if kind.ge is not None and kind.le is not None:
        return f" from {kind.ge} to {kind.le}"
    limits = [("above", kind.gt), ("below", kind.lt)]
    words = " and ".join(f"{side} {limit}" for side, limit in limits if limit is not None)
    return f" {words}" if words else ""


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """What to write instead of an unknown name: `did you mean ...?`, or all of them."""
    names = list(known)
    meant = near(wrong, names)
    return f"did you mean {meant}?" if meant else f"choose from {listed(names)}"


def near(wrong: str, known: Iterable[str]) -> str | None:
    """The known name that is most like a misspelt one; None if none is."""
    return next(iter(difflib.get_close_matches(str(wrong), list(known), n=1)), None)


def listed(names: Iterable[str], word: str = "and") -> str:
    """`a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} {word} {last}" if first else last


def plain(value: Any) -> Any:
    """A value of YAML or of Ansible, whose texts and numbers know where they come from, as JSON."""
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value
