"""Records as a broken disk or a stranger makes them, and what must hold of all of them.

`python -m tests.hostile COUNT` tries so many (100,000 take minutes); the unit layer tries a few.
What is tried again after a failure, and made as small as possible, is hypothesis's work.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipebench.measure.measurement import reduce
from pipebench.record.reading import parse
from pipebench.record.schema import Record, RecordError
from pipebench.rules.outcome import Context, judge
from pipebench.rules.rule import Outcome
from pipebench.run.figures import FIGURES
from tests.unit.pipebench.factory import record

FORMULA, SCRIPT, ELSEWHERE = "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "../../../tmp/x"
ESCAPE = "\x1b]0;owned\x07\x1b[31m"
TEXTS = (
    FORMULA,
    "+1",
    "@x",
    SCRIPT,
    ELSEWHERE,
    ESCAPE,
    "a\nb",
    "a|b|c",
    "](javascript:alert(1))",
    "",
)
GONE = object()
"""In place of a value: the field is not there."""
Way = tuple[str | int, ...]
"""Where a value is in a document."""
ENDS = 3
"""Of a long list only so many of its first items, and its last, are looked at."""


class Judged(NamedTuple):
    """What the project says of one record."""

    outcome: Outcome
    figures: dict[str, float | None]


def judged(content: bytes) -> Judged:
    """As every reader does it. RecordError: it cannot be used."""
    measurement = reduce(parse(content, Record, "the record"), "raw/x.json")
    figures = {one.name: one.measured(measurement) for one in FIGURES if one.measured}
    return Judged(judge(measurement, Context()).outcome, figures)


def ways(value: Any, so_far: Way = ()) -> Iterator[Way]:
    """The places of all values in a document."""
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        places: list[tuple[str | int, Any]] = list(enumerate(value))
        inner = places if len(places) <= ENDS else [*places[:ENDS], places[-1]]
    for key, item in inner:
        yield (*so_far, key)
        yield from ways(item, (*so_far, key))


def changed(document: Any, way: Way, value: Any) -> Any:
    """The document with another value there, or without the field.

    An item of a list becomes null instead: a list that is shorter by one may well be another's.
    """
    document = copy.deepcopy(document)
    place = document
    for key in way[:-1]:
        place = place[key]
    if value is GONE and isinstance(place, dict):
        del place[way[-1]]
    else:
        place[way[-1]] = None if value is GONE else value
    return document


def values() -> st.SearchStrategy[Any]:
    """What cannot be right anywhere: no number that a host may well have counted."""
    return st.one_of(
        st.none(),
        st.just(GONE),
        st.booleans(),
        st.integers(max_value=-1),
        st.integers(min_value=2**62),
        st.floats(max_value=-1e-6, allow_infinity=False),
        st.floats(min_value=1e20, allow_infinity=False),
        st.sampled_from(TEXTS),
        st.text(max_size=20),
        st.lists(st.integers(), max_size=3),
        st.dictionaries(st.text(max_size=5), st.none(), max_size=2),
    )


WHOLE = record()
PLACES = list(ways(WHOLE))
RIGHT = judged(json.dumps(WHOLE).encode())


@given(way=st.sampled_from(PLACES), value=values())
def one_field(way: Way, value: Any) -> None:
    """A record with one wrong value is refused, not `ok`, or has no figure that it did not have."""
    try:
        seen = judged(json.dumps(changed(WHOLE, way, value)).encode())
    except RecordError as error:
        assert str(error).strip()  # noqa: PT017 (every other exception fails)
        return
    if seen.outcome == Outcome.OK:
        told = {name: figure for name, figure in seen.figures.items() if figure is not None}
        assert told.items() <= RIGHT.figures.items()


@given(end=st.integers(0, len(json.dumps(WHOLE)) - 1), rest=st.binary(max_size=40))
def cut(end: int, rest: bytes) -> None:
    """A record that is cut short is refused, whatever follows the cut."""
    try:
        seen = judged(json.dumps(WHOLE).encode()[:end] + rest)
    except RecordError as error:
        assert str(error).strip()  # noqa: PT017
        return
    assert seen == RIGHT  # the end was only spaces


@given(st.binary(max_size=300))
def anything(content: bytes) -> None:
    """Random bytes are refused."""
    try:
        judged(content)
    except RecordError as error:
        assert str(error).strip()  # noqa: PT017


PROPERTIES = (one_field, cut, anything)


def tried(count: int, one: Callable[[], None]) -> None:
    """Try a property so often. AssertionError, or any other: it does not hold."""
    settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )(one)()


if __name__ == "__main__":
    for each in PROPERTIES:
        tried(int(sys.argv[1]), each)
