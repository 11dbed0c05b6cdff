"""What is wrong with a document, in a sentence: the thing, what is wrong with it, what is right."""

from __future__ import annotations

import re
from typing import Any

import msgspec

KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
"""msgspec's words for what JSON holds, in plain ones."""
LONGEST_VALUE = 40


def sentence(error: msgspec.ValidationError, document: Any, name: str) -> str:
    """What msgspec refused in a document, as "depth of the record is 0; it must be at least 1".

    document: the builtin values that it was refused in; name: what the document is called.
    """
    problem, _, path = str(error).partition(" - at ")
    steps = re.findall(r"\.(\w+)|\[(\d+|\.\.\.)\]", path.rpartition("$")[2])
    thing = place(name, [key or index for key, index in steps])
    if missing := re.fullmatch(r"Object missing required field `(.*)`", problem):
        return f"{thing} has no {missing[1]}"
    value, is_known = _value(document, steps)
    if wanted := re.fullmatch(r"Expected `([^`]*)`, got `(.*)`", problem):
        return f"{thing} is {_seen(wanted[2], value, is_known)}; it must be {_kinds(wanted[1])}"
    if limit := re.fullmatch(r"Expected `\w+` (>=|<=|>|<) (.*)", problem):
        words = {">=": "at least", "<=": "at most", ">": "above", "<": "below"}
        seen = value if is_known else "out of range"
        return f"{thing} is {seen}; it must be {words[limit[1]]} {limit[2]}"
    if other := re.fullmatch(r"Invalid enum value (.*)", problem):
        return f"{thing} is {other[1]}, which is not a value that it can have"
    return f"{thing} cannot be used: {problem[:1].lower()}{problem[1:]}"


def kind_of(value: Any) -> str:
    """What JSON has at a place, in words: "a list"."""
    kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    kinds |= {list: "a list", dict: "an object"}
    return kinds.get(type(value), "null")


def place(name: str, steps: list[str]) -> str:
    """A place in a document in words, the innermost first: "started of measured of generator 1"."""
    words: list[str] = []
    for step in steps:
        if step == "...":
            words.append("an entry")
        elif not step.isdigit():
            words.append(step)
        elif words and words[-1].endswith("s"):
            words[-1] = f"{words[-1][:-1]} {int(step) + 1}"
        else:
            words.append(f"item {int(step) + 1}")
    if not words:
        return name
    if len(words) == 1 and len(steps) == 1:
        return f"{words[0]} of {name}"
    return " of ".join(reversed(words))


def _value(document: Any, steps: list[tuple[str, str]]) -> tuple[Any, bool]:
    """What stands at a place, and whether that is known: the key of an entry is not said."""
    for key, index in steps:
        try:
            document = document[key] if key else document[int(index)]
        except (KeyError, IndexError, ValueError, TypeError):
            return None, False
    return document, True


def _seen(kind: str, value: Any, is_known: bool) -> str:
    if kind == "null":
        return "missing"
    if is_known and isinstance(value, bool | int | float | str):
        text = msgspec.json.encode(value).decode()
        if len(text) <= LONGEST_VALUE:
            return f"{KINDS.get(kind, kind)} ({text})" if kind == "str" else text
    return KINDS.get(kind, kind)


def _kinds(wanted: str) -> str:
    """The kinds of JSON that may stand there; that it may be missing goes without saying."""
    kinds = [kind for kind in wanted.split(" | ") if kind != "null"]
    # a whole number is a number
    kinds = [kind for kind in kinds if kind != "int" or "float" not in kinds]
    return " or ".join(KINDS.get(kind, kind) for kind in kinds)
