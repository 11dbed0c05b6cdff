"""Which lines a person sees."""

from __future__ import annotations

import pytest

from pipebench.harness.lines import Line, Lines

TEXTS = [
    Line("one", passing=True),
    Line(""),
    Line("two", trouble=True),
    Line("three", passing=True),
]


def shown(*, every: bool, silence_s: float) -> list[tuple[str, bool]]:
    seen: list[tuple[str, bool]] = []
    lines = Lines(
        lambda text, trouble: seen.append((text, trouble)), every=every, silence_s=silence_s
    )
    for line in TEXTS:
        lines.say(line)
    return seen


@pytest.mark.parametrize("silence_s", [0, 60])
def test_who_looks_on_sees_every_line(silence_s: float) -> None:
    seen = shown(every=True, silence_s=silence_s)
    assert seen == [("one", False), ("two", True), ("three", False)]


def test_a_log_has_what_is_not_passing_and_a_sign_of_life() -> None:
    assert shown(every=False, silence_s=60) == [("two", True)]
    assert [text for text, _ in shown(every=False, silence_s=0)] == ["one", "two", "three"]
