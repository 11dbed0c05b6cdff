"""Which framework is meant by `servers/mine`, `mine`, `mine@VARIANT` or the path of a folder."""

from __future__ import annotations

from pathlib import Path

from pipebench.documents.declared import listed, suggestion
from pipebench.plan.errors import PlanError, sentence
from pipebench.plan.framework_file import FILE, no_variant
from pipebench.plan.frameworks import PlannedFramework, read_frameworks
from pipebench.plan.own_names import own_names
from pipebench.record.names import SEPARATOR, named

PAGE = "docs/adding-a-framework.md says what the folder of a framework has"


def chosen(word: str, root: Path) -> PlannedFramework:
    """The framework or variant. root: of the project. PlanError: there is none; every mistake."""
    given, variant = word, ""
    if not Path(word).is_dir() and SEPARATOR in Path(word).name:
        given, _, variant = word.rpartition(SEPARATOR)
    folder = _folder(given, root)
    frameworks = read_frameworks(folder)
    name = named(folder.name, variant)
    if name not in frameworks:
        own = [other.variant for other in frameworks.values() if other.variant]
        raise PlanError(sentence(no_variant(folder.name, variant, own)))
    return frameworks[name]


def _folder(given: str, root: Path) -> Path:
    """The folder of a framework, by its path or its name. PlanError: there is none."""
    known = known_names(root)
    folder = Path(given)
    if not folder.is_dir() and given in known:
        folder = known[given]
    if not folder.exists():
        if folder.name == given:
            raise PlanError(sentence(f"{given} is not a framework; {suggestion(given, known)}"))
        beside = [str(file.parent) for file in sorted(folder.parent.glob(f"*/{FILE}"))]
        advice = suggestion(given, beside) if beside else PAGE
        raise PlanError(sentence(f"{given} does not exist; {advice}"))
    if not folder.is_dir():
        raise PlanError(f"{given} is a file; try requires the folder of a framework.")
    if not folder.name or folder.name == "..":
        folder = folder.resolve()
    if not (folder / FILE).is_file():
        inside = sorted(path.parent.name for path in folder.glob(f"*/{FILE}"))
        advice = f"name one of its frameworks: {listed(inside, 'or')}" if inside else PAGE
        raise PlanError(f"{given} has no {FILE}; {advice}.")
    return folder


def known_names(root: Path) -> dict[str, Path]:
    """The project's own frameworks, by name."""
    folders = [root / name for name in sorted(own_names(root).frameworks)]
    files = [file for top in folders for file in (top / FILE, *top.glob(f"*/{FILE}"))]
    known = {file.parent.name: file.parent for file in files if file.is_file()}
    return dict(sorted(known.items()))
