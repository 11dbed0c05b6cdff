"""What the pages show is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipebench.plan.tuning import table
from tests.commands import PAGES, ROOT

SOURCES = [
    path
    for folder in ("pipebench", "collect.py", "bench", "bench.yml", "fasthttp", "files",
                   "inventory", "lab", "playbooks", "plans", "plugins", "roles", "servers",
                   "test")
    for path in [ROOT / folder, *(ROOT / folder).rglob("*")]
    if path.is_file() and path.suffix not in (".pyc", ".sum")
]  # fmt: skip


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings of a page; a second one of the same name is not linked."""
    text = re.sub(
        r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


def test_the_table_of_the_readme_is_that_of_the_example() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.split("<!-- example -->\n")[1].split("<!-- /example -->")[0]
    report = (ROOT / "results" / "example" / "report.md").read_text(encoding="utf-8")
    assert shown.startswith("| framework | outcome |")
    assert shown in report


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_a_page_that_the_project_names_is_there() -> None:
    named = {
        (path, name)
        for path in SOURCES
        for name in re.findall(r"\bdocs/[\w.-]+\.(?:md|yml)\b", path.read_text(errors="replace"))
    }
    assert named
    assert [(path, name) for path, name in named if not (ROOT / name).is_file()] == []


def test_every_page_is_linked_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = {str(page.relative_to(ROOT)) for page in PAGES[1:]}
    assert {page for page in pages if f"]({page}" not in readme} == set()


def test_every_variable_is_explained_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    plan = (ROOT / "plans" / "seed.yml").read_text(encoding="utf-8")
    for name in re.findall(r"^(bench_\w+):", plan, flags=re.MULTILINE):
        assert f"`{name}`" in readme, name


def test_every_plan_is_named_in_a_page() -> None:
    pages = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    plans = [path.name for path in (ROOT / "plans").glob("*.yml")]
    assert [name for name in plans if f"plans/{name}" not in pages] == []


def test_every_tuning_is_explained_with_its_meaning() -> None:
    page = (ROOT / "docs" / "metal.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .* \| ([^|]+) \|$", page, flags=re.MULTILINE)
    assert [name for name, _ in rows] == list(table())
    assert all(why.startswith(table()[name].meaning) for name, why in rows)


def test_the_examples_of_contributing_fit_the_code() -> None:
    """What they leave as it is stands in the files like that, and a new file is not there yet."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```diff\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    for part in re.split(r"^\+\+\+ ", "".join(blocks), flags=re.MULTILINE)[1:]:
        name, *hunks = re.split(r"^@@\n", part, flags=re.MULTILINE)
        path = ROOT / name.strip()
        lines = [line for hunk in hunks for line in hunk.splitlines()]
        if all(line.startswith("+") for line in lines):
            assert not path.exists(), path
            continue
        for hunk in hunks:
            before = [line[1:] for line in hunk.splitlines() if not line.startswith("+")]
            assert "\n".join(before) in path.read_text(encoding="utf-8"), (path, before)
