"""The exit statuses: one enum, one page, and every command has its own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import pipebench
from pipebench.alone.commands import COMMANDS
from pipebench.alone.status import COMMAND_MEANINGS, MEANINGS, PAGE, Status, page
from pipebench.commands.parsers import parser
from pipebench.trial.command import parser as try_parser
from tests.commands import PAGES, ROOT
from tests.unit.command import collect

PACKAGE = Path(pipebench.__file__).parent


def test_the_page_is_made_of_the_enum() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(), (
        f"python -m pipebench.alone.status > {PAGE}"
    )


def test_every_command_and_every_status_has_its_meaning() -> None:
    assert set(COMMAND_MEANINGS) == {"bench", "bench try", *COMMANDS}
    assert set(MEANINGS) == set(Status)
    assert {one for meanings in COMMAND_MEANINGS.values() for one in meanings} == set(Status)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_has_its_statuses(command: str) -> None:
    told = " ".join(collect(command, "--help").stdout.split())
    for status, meaning in COMMAND_MEANINGS[command].items():
        assert f"{int(status)} {meaning}" in told
    assert PAGE in told


def test_the_help_of_the_programs_has_them() -> None:
    for made, command in ((parser("collect.py", []), "render"), (try_parser(), "bench try")):
        told = " ".join(made.format_help().split())
        assert all(f"{int(one)} {text}" in told for one, text in COMMAND_MEANINGS[command].items())


def used_in(path: Path) -> set[str]:
    """The members of Status that a file names."""
    return {
        node.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Status"
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_ends_with_no_other_status_than_it_says(command: str) -> None:
    told = {status.name for status in COMMAND_MEANINGS[command]}
    assert used_in(PACKAGE / "commands" / f"{command}.py") <= told


def test_no_status_is_written_as_a_number_elsewhere() -> None:
    ends = re.compile(
        r"(?:sys\.exit|return fail)\((\d+)|^[A-Z_, ]+ = (?:range\(|\d+, \d)", re.MULTILINE
    )
    programs = [PACKAGE / name for name in ("cli.py", "cloud/command.py", "trial/command.py")]
    files = [*programs, *(PACKAGE / "commands").glob("*.py"), ROOT / "collect.py"]
    assert [file for file in files if ends.search(file.read_text(encoding="utf-8"))] == []


def test_pages_leave_the_list_of_statuses_to_one_page() -> None:
    """One that names a status links to it. The probe is a program by itself."""
    for file in PAGES:
        text = file.read_text(encoding="utf-8")
        named = re.search(r"exit\s+status(?:es)?\]?(?:\([^)]*\))? (?:is|of) \d", text)
        if file.name not in ("probe.md", Path(PAGE).name) and named:
            assert f"]({Path(PAGE).name}" in text, file
