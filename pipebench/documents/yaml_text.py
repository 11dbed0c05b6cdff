"""YAML that a stranger may have written, as values of JSON; or a sentence on why it is not read.

YAML can say in nine lines what fills a memory, and loop into itself: by its aliases, which nobody
needs for what is read here.
"""

from __future__ import annotations

import math
from typing import Any

import yaml

from pipebench.documents.declared import plain

LARGEST_BYTES = 200_000
"""The prices of a thousand hosts."""
DEEPEST = 20
MOST = 2**63
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlError(ValueError):
    """The text is not read; the message says why, without a full stop."""


def values_of(text: str) -> Any:
    """The values of one document. YamlError: it is not YAML, or has what is not read."""
    if len(text) > LARGEST_BYTES:
        raise YamlError(f"it is too large (more than {LARGEST_BYTES:,} characters)")
    try:
        _check_events(text)
        _check_keys(yaml.compose(text, Loader=LOADER))
        value = yaml.load(text, Loader=LOADER)  # noqa: S506 (a safe one)
        # a date that no calendar has, a number that Python does not count to, a set
    except (yaml.YAMLError, ValueError, OverflowError, TypeError, RecursionError) as error:
        if isinstance(error, YamlError):
            raise
        raise YamlError(f"it is not YAML: {' '.join(str(error).split())}") from error
    value = plain(value)
    _check_values(value)
    return value


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


def _check_keys(node: yaml.Node | None) -> None:
    """A key that stands twice is a mistake: YAML's last one would win without a word."""
    if isinstance(node, yaml.SequenceNode):
        for inner in node.value:
            _check_keys(inner)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: dict[tuple[str, str], int] = {}
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            name, line = (key.tag, key.value), key.start_mark.line + 1
            if name in seen:
                raise YamlError(f"it has {key.value} twice, in the lines {seen[name]} and {line}")
            seen[name] = line
        _check_keys(value)


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
