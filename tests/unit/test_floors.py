"""The floors of pipebench: a module imports only what lies above it, and nothing in a circle.

The order is that of pipebench/__init__.py, which people read.
"""

import ast
import re
from pathlib import Path

import pipebench

ROOT = Path(pipebench.__file__).parent
FLOORS = re.findall(r"^(\w+) {2,}\S", pipebench.__doc__ or "", re.MULTILINE)

Imports = dict[str, set[str]]


def modules() -> dict[str, Path]:
    """Files by the module's name within pipebench; a package's __init__.py is of its name."""
    files = {path.relative_to(ROOT).with_suffix(""): path for path in ROOT.rglob("*.py")}
    names = {".".join(name.parts).removesuffix(".__init__"): path for name, path in files.items()}
    del names["__init__"]
    return names


def imported(path: Path, known: set[str]) -> set[str]:
    """The modules of pipebench that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by a relative name"
            names |= {str(node.module), *(f"{node.module}.{one.name}" for one in node.names)}
        elif isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
    return {name.removeprefix("pipebench.") for name in names} & known


def graph() -> Imports:
    files = modules()
    return {name: imported(path, set(files)) - {name} for name, path in files.items()}


def floor(module: str) -> int:
    return FLOORS.index(module.split(".", maxsplit=1)[0])


def circle(imports: Imports) -> list[str]:
    """Modules that import each other in this order; nothing if there are none."""
    done: set[str] = set()
    path: list[str] = []

    def visit(module: str) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return []
        path.append(module)
        found = next(filter(None, map(visit, sorted(imports[module]))), [])
        path.pop()
        done.add(module)
        return found

    return next(filter(None, map(visit, sorted(imports))), [])


def test_every_module_stands_on_a_floor_that_is_described() -> None:
    there = {name.split(".")[0] for name in modules()}
    assert there == set(FLOORS)


def test_imports_go_upwards_only() -> None:
    wrong = {
        (module, other)
        for module, others in graph().items()
        for other in others
        if floor(other) > floor(module)
    }
    assert wrong == set()


def test_nothing_is_imported_in_a_circle() -> None:
    assert circle(graph()) == []


def reached(start: str, arrows: Imports) -> set[str]:
    """All that arrows lead to, over however many."""
    further = arrows.get(start, set())
    return further.union(*(reached(one, arrows) for one in further))


def test_the_page_draws_what_is_imported() -> None:
    page = (ROOT.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    picture = page.split("```mermaid\n")[1].split("```")[0]
    assert re.findall(r"^ +(\w+)\[", picture, re.MULTILINE) == FLOORS
    drawn: Imports = {}
    for start, ends in re.findall(r"^ +(\w+) --> ([\w &]+)$", picture, re.MULTILINE):
        drawn[start] = set(ends.split(" & "))
    real: Imports = {}
    for module, others in graph().items():
        names = {other.split(".")[0] for other in others}
        real.setdefault(module.split(".")[0], set()).update(names - {module.split(".")[0]})
    wrong = {name: ends - real[name] for name, ends in drawn.items()}
    missing = {name: ends - reached(name, drawn) for name, ends in real.items()}
    assert not any(wrong.values()), wrong
    assert not any(missing.values()), missing


def test_a_circle_would_be_seen() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
