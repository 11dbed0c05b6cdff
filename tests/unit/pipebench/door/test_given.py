"""What is given with -e is what is meant, or is refused by its name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.splitter import parse_kv

from pipebench.door.given import Given, read_given


def given(folder: Path, *typed: str) -> Given:
    def load_file(path: str) -> Any:
        return yaml.safe_load(Path(path).read_text("utf-8"))

    return read_given(typed, load_file, lambda text: dict(parse_kv(text)), folder)


@pytest.mark.parametrize(
    ("typed", "variables"),
    [
        ("bench_depths=1, 5, 16", {"bench_depths": "1,5,16"}),
        ("bench_rounds = 12", {"bench_rounds": "12"}),
        ("bench_rounds=6..20@5%", {"bench_rounds": "6..20@5%"}),
        ("bench_frameworks='[aiohttp, sanic]' bench_depths=5",
         {"bench_frameworks": "[aiohttp, sanic]", "bench_depths": "5"}),
        ('{"bench_depths": [1, 5], "ansible_user": "me"}',
         {"bench_depths": [1, 5], "ansible_user": "me"}),
    ],
)  # fmt: skip
def test_forms_that_people_type(tmp_path: Path, typed: str, variables: dict[str, Any]) -> None:
    found = given(tmp_path, typed)
    assert (found.variables, found.mistakes) == (variables, [])


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("depths=5", "depths is not a variable; did you mean bench_depths?"),
        ("BENCH_DEPTHS=5", "BENCH_DEPTHS is not a variable; did you mean bench_depths?"),
        ('{"bench-depths": 5}', "-e: bench-depths is not a variable; did you mean bench_depths?"),
    ],
)
def test_a_variable_is_written_with_its_whole_name(
    tmp_path: Path, typed: str, sentence: str
) -> None:
    assert given(tmp_path, typed).mistakes == [sentence]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("all: {vars: {bench_depths: [1]}}", "has its variables below all; they must"),
        ("bench_rounds: 12\nvars: {bench_depths: [1]}", "has its variables below vars; they"),
        ("Bench_depths: 5", "Bench_depths is not a variable; did you mean bench_depths?"),
        ("bench_depths: 5\nbench_depths: 7", "it has bench_depths twice, in the lines 1 and 2"),
    ],
)  # fmt: skip
def test_a_plan_says_what_it_means(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "plan.yml").write_text(text)
    (mistake,) = given(tmp_path, "@plan.yml").mistakes
    assert mistake.startswith("plan.yml")
    assert sentence in mistake


def test_spaces_in_a_value_are_named(tmp_path: Path) -> None:
    assert (
        given(tmp_path, "bench_rounds=6 .. 20 @ 5 %")
        .mistakes[0]
        .endswith("write 6..20@5% without spaces.")
    )
    (tmp_path / "empty").mkdir()
    assert given(tmp_path, "@empty").mistakes == ["empty is a folder; name a file in it."]


def test_other_variables_are_for_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "secrets.yml").write_text("my_password: x\n")
    assert given(tmp_path, "@secrets.yml").variables == {"my_password": "x"}


def test_what_is_not_a_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert given(tmp_path, "@pipe").mistakes == ["pipe is not a file; write what it has into one."]
