"""A class of pipebench/ has a name of its own: a reader who meets it knows which one it is."""

import ast
from collections import defaultdict
from pathlib import Path

import pipebench

ROOT = Path(pipebench.__file__).parent


def classes() -> dict[str, list[str]]:
    """The files that define a class at their outermost level, by its name."""
    found = defaultdict(list)
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found[node.name].append(path.relative_to(ROOT).as_posix())
    return dict(found)


def test_a_name_is_that_of_one_class() -> None:
    found = classes()
    assert "Measurement" in found
    assert {name: files for name, files in found.items() if len(files) > 1} == {}
