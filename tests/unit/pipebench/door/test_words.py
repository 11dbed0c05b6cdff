"""A command line is read as it is meant, or refused in one sentence."""

from __future__ import annotations

import pytest

from pipebench.door.words import read_words


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("-check", "-check is not an option; did you mean --check?"),
        ("-e=bench_rounds=12", "-e=bench_rounds=12: leave out the = behind -e"),
        ("--", "-- is not an option (see ./bench --help)"),
        ("--vers", "--vers is not an option; did you mean --version?"),
        ("--clo", "--clo is not an option; did you mean --cloud?"),
        ("--check=yes", "--check has no value; leave out =yes"),
        ("--tags=", "--tags requires a value"),
        ("compare a b",
         "compare is not an option; that is a command of ./collect.py: ./collect.py compare"),
        ("-v lab", "lab is not an option; that command must stand first: ./bench lab"),
        ("tri servers/x", "tri is not an option; did you mean try?"),
        ("plans quick", "nothing follows plans; leave out quick"),
        ("lab up down", "nothing follows lab up; leave out down"),
        ("up", "up is not an option; did you mean ./bench lab up?"),
        ("Plans", "Plans is not an option; did you mean plans?"),
        # what follows is its value, and no mistake of its own
        ("--subset s", "--subset is not an option; did you mean --user?"),
        ("-E a=1 --check", "-E is not an option (see ./bench --help)"),
        ("plans -v", "plans has no options; leave out -v"),
        ("quick", "quick is not an option or a command (see ./bench --help)"),
        ("-e @plans/a.yml bench_depths=5",
         "bench_depths=5 must stand behind -e: -e bench_depths=5"),
        ("-e bench_depths=1 5",
         'bench_depths=1 is followed by "5"; write the value without spaces, or in quotes'),
    ],
)  # fmt: skip
def test_what_is_not_meant_is_one_sentence(typed: str, sentence: str) -> None:
    assert read_words(typed.split()).mistakes == (sentence,)


@pytest.mark.parametrize("typed", [["-i", ""], ["--inventory", ""], ["--tags", ""], ["-e", ""]])
def test_an_empty_value_is_a_missing_one(typed: list[str]) -> None:
    assert read_words([*typed, "--check"]).mistakes == (f"{typed[0]} requires a value",)


@pytest.mark.parametrize(
    "typed",
    [
        "-vCi inventory/cloud", "-K -vvv --become --private-key a", "--chec -e bench_depths=5",
        "-e @plans/quick.yml -e bench_depths=5 -i a -i b", "-e bench_depths=5 --inventory=a",
        "--like results/RUN -i inventory/cloud", "--cloud cloud.yml --show", "lab up -v", "plans",
    ],
)  # fmt: skip
def test_what_is_right_is_taken(typed: str) -> None:
    words = read_words(typed.split())
    assert words.mistakes == ()
    assert [*words.command, *(word for one in words.options for word in one.words)]
