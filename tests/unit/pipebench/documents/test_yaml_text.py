"""YAML that a stranger may have written."""

from contextlib import suppress

import pytest
import yaml

from pipebench.documents.yaml_text import COLON, PLACE, YamlError, mistake_of, values_of
from tests.hostile_folders import YAMLS


def test_what_people_write_is_read() -> None:
    text = "date: 2026-01-01\nhosts:\n  a: {per_hour: 0.5, note: null, is: true}\n"
    assert values_of(text) == {
        "date": "2026-01-01",
        "hosts": {"a": {"per_hour": 0.5, "note": None, "is": True}},
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: &a [1]\nb: *a\n", r"it has an alias \(\*a\)"),
        ("[" * 30 + "]" * 30, "nested more than 20 deep"),
        ("a: 2026-99-99", "it is not YAML: month must be in"),
        ("a: 0x" + "f" * 40, "a number of more than 19 digits"),
        ("a: " + "9" * 9000, "it is not YAML: Exceeds the limit"),
        ("a: !!binary aGk=", "it has bytes, which JSON does not know"),
        ("x" * 200_001, "it is too large"),
        ("a: [", r'it is not YAML: line 1: "\[" is not closed'),
    ],
)
def test_what_is_not_read_is_said(text: str, why: str) -> None:
    with pytest.raises(YamlError, match=why):
        values_of(text)


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
@pytest.mark.parametrize("text", YAMLS)
def test_nothing_hangs_or_crashes(text: str, loader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipebench.documents.yaml_text.LOADER", getattr(yaml, loader))
    with suppress(YamlError):
        values_of(text)


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: {b: 1\nc: 2", 'line 1: "{" is not closed'),
        ("a:\n  - [1, 2\nb: 2", 'line 2: "[" is not closed'),
        ("a: 'x", "line 1: a quotation mark is not closed"),
        ("a:\n\t- x\n", "line 2: a tab; indent with spaces"),
        ("a: @b", "line 1: a value that begins with @ must stand in quotes"),
        ("a: *b", "line 1: a value that begins with * must stand in quotes"),
        ("x: {{ range(1,4) | list }}", "line 1: a value that begins with {{ must stand in quotes"),
        ("a:\n  - b\n c: 1", f"line 3: {PLACE}"),
        ("a: b: c", f"line 1: {COLON}"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line(loader: str, text: str, why: str) -> None:
    with pytest.raises(yaml.YAMLError) as refused:
        yaml.load(text, Loader=getattr(yaml, loader))  # noqa: S506 (a safe one)
    assert mistake_of(refused.value, text) == why
