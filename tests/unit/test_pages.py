"""What the pages show is what there is."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_table_of_the_readme_is_that_of_the_example() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.split("<!-- example -->\n")[1].split("<!-- /example -->")[0]
    report = (ROOT / "results" / "example" / "report.md").read_text(encoding="utf-8")
    assert shown.startswith("| framework | outcome |")
    assert shown in report


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_variable_is_explained_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    plan = (ROOT / "plans" / "seed.yml").read_text(encoding="utf-8")
    for name in re.findall(r"^(bench_\w+):", plan, flags=re.MULTILINE):
        assert f"`{name}`" in readme, name
