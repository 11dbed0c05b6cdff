"""What comes from others into the workflow is what was looked at: a commit, and not a name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipebench.plan.project import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+(?:\.\d+)+")


def unpinned(text: str) -> list[str]:
    """The lines that use an action by anything but a commit with its version as a comment."""
    lines = (line.strip().removeprefix("- ") for line in text.splitlines())
    return [line for line in lines if line.startswith("uses:") and not PINNED.fullmatch(line)]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(workflow: Path) -> None:
    assert unpinned(workflow.read_text(encoding="utf-8")) == []


def test_a_tag_is_not_a_commit() -> None:
    commit = "a" * 40
    assert unpinned(f"- uses: a/b@v4\n  uses: a/b@{commit}\n- uses: a/b@{commit} # v4.1.0") == [
        "uses: a/b@v4", f"uses: a/b@{commit}",
    ]  # fmt: skip
