"""The lab stands in its folder, and nothing that measures knows how it is made."""

from __future__ import annotations

import re

from tests.commands import ROOT

# What brings the lab up, tells people of it, or tests with it.
MAY_KNOW = {"lab", "inventory", "docs", "tests", "results"}
# ./bench, which brings it up
DOOR = ROOT / "pipebench" / "door"
KNOWLEDGE = re.compile(r"\bapb|systemd-nspawn|\blab[_/]|['\"]lab['\"]")


def test_nothing_that_measures_knows_the_lab() -> None:
    rooms = [path for path in ROOT.iterdir() if path.is_dir() and path.name not in MAY_KNOW]
    files = [
        file
        for room in (*(path for path in rooms if path.name[0] != "."), ROOT / "bench.yml")
        for file in [room, *room.rglob("*")]
        if file.is_file() and file.suffix != ".pyc" and DOOR not in file.parents
    ]
    assert {"playbooks", "plugins", "roles"} <= {file.relative_to(ROOT).parts[0] for file in files}
    assert [file for file in files if KNOWLEDGE.search(file.read_text(errors="replace"))] == []
