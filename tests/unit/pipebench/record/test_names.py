"""What frameworks are called now, and what they were called in older runs."""

from __future__ import annotations

import pytest

from pipebench.record.names import OLD_NAMES, again_of, current_name, names_now, parts


@pytest.mark.parametrize(
    ("old", "now"),
    [
        ("aiohttp", "aiohttp"),
        ("aiohttp@2017", "aiohttp@2017"),
        ("aiohttp-2017", "aiohttp@2017"),
        ("uvloop-httptools-2017-closing", "uvloop-httptools@2017-closing"),
        ("granian-rsgi", "granian"),
        ("uvloop-httptools-again", "uvloop-httptools@again"),
        ("aiohttp-2017-again", "aiohttp@2017-again"),
        ("aiohttp@2017-again", "aiohttp@2017-again"),
        ("granian-rsgi-again", "granian@again"),
        ("delay-40ms", "calibration@delay-40ms"),
        ("-again", "@again"),
    ],
)
def test_an_old_name_is_that_of_a_variant_now(old: str, now: str) -> None:
    assert current_name(old) == now
    assert parts(old) == parts(now)


def test_no_two_old_names_are_one_now() -> None:
    assert len(set(OLD_NAMES.values())) == len(OLD_NAMES)
    assert not OLD_NAMES.keys() & set(OLD_NAMES.values())


def test_the_control_is_that_of_the_framework_that_the_run_says() -> None:
    """Somebody's own framework may have had the name of one of the project's."""
    recorded = {"leaks": None, "leaks-again": "leaks", "ceiling": None}
    assert list(names_now(recorded).values()) == [
        "calibration@leaks", "calibration@leaks-again", "ceiling",
    ]  # fmt: skip
    assert names_now({"x": "aiohttp-2017"}) == {"x": again_of("aiohttp@2017")}


def test_frameworks_of_one_run_stay_apart() -> None:
    recorded = {"granian": None, "granian-rsgi": None, "one-again": "one", "one@again": "one"}
    assert names_now(recorded) == {name: name for name in recorded}
