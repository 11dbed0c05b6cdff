"""YAML that a stranger may have written, as values of JSON; or a sentence on why it is not read.

YAML can say in nine lines what fills a memory, and loop into itself: by its aliases, which nobody
needs for what is read here.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from typing import Any, NamedTuple

import yaml

from pipebench.documents.declared import plain

LARGEST_BYTES = 200_000
"""The prices of a thousand hosts."""
DEEPEST = 20
MOST = 2**63
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


OPENED = {"flow mapping": '"{"', "flow sequence": '"["', "quoted scalar": "a quotation mark"}
"""What libyaml and PyYAML call what is opened and must be closed."""
COLON = "a value with a colon must stand in quotes"
PLACE = "it does not begin at the same place as the lines before it"
MEANINGS = {
    "mapping values are not allowed": COLON,
    "could not find expected ':'": "a colon is missing behind a name",
    "did not find expected key": PLACE,
    "did not find expected '-' indicator": PLACE,
    "expected <block end>": PLACE,
    "undefined alias": "a value that begins with * must stand in quotes",
    "unknown escape character": "a backslash in double quotes; use single quotes",
    "unhashable key": "a value that begins with {{ must stand in quotes",
}
"""What the two say, without what differs between them, and what it means."""


class YamlError(ValueError):
    """The text is not read; the message says why, without a full stop.

    line: where it is not YAML, and why, as `line 3: "[" is not closed`; empty if it is YAML.
    """

    def __init__(self, message: str, line: str = "") -> None:
        self.line = line
        super().__init__(message)

    def about(self, name: str) -> str:
        """The same as a sentence about the file of that name."""
        return f"{name}, {self.line}." if self.line else f"{name} cannot be read: {self}."


def values_of(text: str) -> Any:
    """The values of one document. YamlError: it is not YAML, or has what is not read."""
    if len(text) > LARGEST_BYTES:
        raise YamlError(f"it is too large (more than {LARGEST_BYTES:,} characters)")
    try:
        _check_events(text)
        check_keys(yaml.compose(text, Loader=LOADER))
        value = yaml.load(text, Loader=LOADER)  # noqa: S506 (a safe one)
        # a date that no calendar has, a number that Python does not count to, a set
    except (yaml.YAMLError, ValueError, OverflowError, TypeError, RecursionError) as error:
        if isinstance(error, YamlError):
            raise
        why = " ".join(str(error).split())
        if isinstance(error, yaml.YAMLError):
            why = mistake_of(error, text)
        line = why if why.startswith("line ") else ""
        raise YamlError(f"it is not YAML: {why}", line) from error
    value = plain(value)
    _check_values(value)
    return value


def mistake_of(error: yaml.YAMLError, text: str) -> str:
    """What a parser refused in a text, on one line: `line 3: "[" is not closed`."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return " ".join(str(error).split())
    problem, context = error.problem or "", error.context or ""
    begun = error.context_mark or error.problem_mark
    if "flow node" in context and (opened := _left_open(text)):
        return f'line {opened.start_mark.line + 1}: "{opened.sign}" is not closed'
    for kind, sign in OPENED.items():
        if kind in context and begun and ("expected" in problem or "end of" in problem):
            return f"line {begun.line + 1}: {sign} is not closed"
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return " ".join(f"{context} {problem}".split())
    if "could not find expected ':'" in problem and begun:
        mark = begun  # which is where the name begins, and not where the text ends
    line = "".join((text.splitlines() or [""])[mark.line : mark.line + 1])
    sign = line[mark.column : mark.column + 1]
    if re.match(r"\s*-[^\s-]", line):
        why = "a space is missing behind the -"
    elif "mapping values are not allowed" in problem and re.match(r"\s+[\w-]+\s*:", line):
        why = PLACE
    elif "cannot start any token" in problem:
        said = f"a value that begins with {sign} must stand in quotes"
        why = "a tab; indent with spaces" if sign == "\t" else said
    else:
        known = (MEANINGS[words] for words in MEANINGS if words in problem)
        why = next(known, " ".join(f"{context} {problem}".split()))
    return f"line {mark.line + 1}: {why}"


class _Opened(NamedTuple):
    sign: str
    start_mark: yaml.Mark


def _left_open(text: str) -> _Opened | None:
    """The innermost bracket that the text does not close."""
    opened: list[_Opened] = []
    with suppress(yaml.YAMLError):
        for token in yaml.scan(text, Loader=LOADER):
            if isinstance(token, yaml.FlowSequenceStartToken | yaml.FlowMappingStartToken):
                is_list = isinstance(token, yaml.FlowSequenceStartToken)
                opened.append(_Opened("[" if is_list else "{", token.start_mark))
            elif isinstance(token, yaml.FlowSequenceEndToken | yaml.FlowMappingEndToken) and opened:
                opened.pop()
    return opened[-1] if opened else None


def _check_events(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise YamlError(f"it has an alias (*{event.anchor}), which is not read")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise YamlError(f"its values are nested more than {DEEPEST} deep")
        depth -= isinstance(event, yaml.CollectionEndEvent)


def check_keys(node: yaml.Node | None) -> None:
    """A key that stands twice is a mistake: YAML's last one would win without a word."""
    if isinstance(node, yaml.SequenceNode):
        for inner in node.value:
            check_keys(inner)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: dict[tuple[str, str], int] = {}
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            name, line = (key.tag, key.value), key.start_mark.line + 1
            if name in seen:
                raise YamlError(f"it has {key.value} twice, in the lines {seen[name]} and {line}")
            seen[name] = line
        check_keys(value)


def _check_values(value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_values(key)
            _check_values(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_values(inner)
    elif isinstance(value, float) and not math.isfinite(value):
        return  # the reader says what is right
    elif isinstance(value, int) and abs(value) > MOST:
        raise YamlError("it has a number of more than 19 digits")
    elif not (value is None or isinstance(value, str | int | float)):
        raise YamlError(f"it has {type(value).__name__}, which JSON does not know")
