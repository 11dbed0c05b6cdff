"""The frameworks in the folders, with their variants: what there is to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import UNSET, UnsetType, field, structs, to_builtins

from pipebench.documents.declared import matches
from pipebench.locks.requirements_lock import LOCKS, LockError, read_lock
from pipebench.plan.errors import Mistakes, sentence
from pipebench.plan.framework_file import (
    FILE,
    DeclaredFramework,
    Environment,
    FolderName,
    VariantFile,
    Versions,
    read_declaration,
)
from pipebench.plan.variants import (
    composed,
    digest_of_framework,
    link_mistakes,
    lock_names_mistakes,
    variant_mistakes,
)
from pipebench.record.names import current_name, named

CURRENT = "current"
"""The stack of today."""
BUILD_LOCK = LOCKS[1]
ACTING = ("runtime", "python", "packages", "build", "env", "loop")
"""What makes a framework another one beside its files."""
IN_THE_FILE_ALONE = ("loops", "variants")


class PlannedFramework(DeclaredFramework, frozen=True, kw_only=True):
    """A framework of a run. path: its folder here, absolute. digest: of what it consists of.

    folder, variant: the two parts of its name; the plain framework has an empty variant. files,
    env, loop, overrides: what is different in its variant. control_of: the framework that this one
    is a second time (the A/A control); else absent.
    """

    path: str
    digest: str
    folder: str = ""
    variant: str = ""
    files: str | None = None
    env: Environment = field(default_factory=dict)
    loop: str | None = None
    overrides: Versions = field(default_factory=dict)
    control_of: str | UnsetType = UNSET

    @property
    def is_ranked(self) -> bool:
        """Whether it is compared with others: neither a ceiling nor a control."""
        return self.role == "framework" and not self.is_again

    @property
    def is_again(self) -> bool:
        """Whether it is the A/A control."""
        return self.control_of is not UNSET


Frameworks = Mapping[str, PlannedFramework]


def read_framework(folder: Path) -> PlannedFramework:
    """The plain framework in a folder. Raises PlanError."""
    return read_frameworks(folder)[folder.name]


def read_frameworks(folder: Path) -> dict[str, PlannedFramework]:
    """The framework in a folder, and its variants, by name. Raises PlanError with every mistake."""
    declaration = read_declaration(folder)
    values, variants = declaration.values, declaration.variants
    mistakes = Mistakes(declaration.mistakes)
    if not matches(folder.name, FolderName):
        mistakes.append(
            f"{folder} must have a name of a-z, 0-9 and -, which does not begin with -."
        )
    now = current_name(folder.name)
    if now != folder.name:
        mistakes.append(f"{folder} has the name that {now} has in older runs; rename it.")
    mistakes += [*link_mistakes(folder), *lock_names_mistakes(folder, variants)]
    whole: dict[str, tuple[dict[str, Any], dict[str, Path]]] = {}
    for variant in ("", *variants):
        own = variants.get(variant, VariantFile())
        wrong = variant_mistakes(folder, variant, own, values) if variant else []
        if not wrong:
            declared = values | _differences(values, variant, own)
            whole[variant] = declared, composed(folder, variants, variant)
            wrong = _mistakes(folder, variant, *whole[variant])
        mistakes += wrong
    mistakes.refuse()
    frameworks = {named(folder.name, name): _planned(folder, name, *whole[name]) for name in whole}
    plain = frameworks[folder.name]
    Mistakes(
        f"{folder / FILE}: the variant {one.variant} differs in nothing that acts; give it with, "
        "python, loop, env, files, packages or build."
        for one in frameworks.values()
        if one is not plain and one.digest == plain.digest
    ).refuse()
    return frameworks


def _differences(values: Mapping[str, Any], variant: str, own: VariantFile) -> dict[str, Any]:
    """What a variant has in place of the plain framework's; nothing of the plain one itself."""
    if not variant:
        return {}
    given = to_builtins(own)
    overrides = given.pop("with")
    title = f"{values.get('title')}, {variant}"
    replaced = {name: value for name, value in given.items() if value is not None}
    return {"title": title, **replaced, "overrides": overrides}


def _planned(
    folder: Path, variant: str, values: Mapping[str, Any], files: Mapping[str, Path]
) -> PlannedFramework:
    shared = {name: value for name, value in values.items() if name not in IN_THE_FILE_ALONE}
    note = values.get("note", "").strip()
    one = PlannedFramework(
        **{**shared, "note": note},
        path=str(folder.resolve()),
        folder=folder.name,
        variant=variant,
        digest="",
    )
    acting = {name: getattr(one, name) for name in ACTING}
    return structs.replace(one, digest=digest_of_framework(files, acting))


def _mistakes(
    folder: Path, variant: str, values: Mapping[str, Any], files: Mapping[str, Path]
) -> list[str]:
    """Mistakes in what is right alone, but not with the other fields, or with the files."""
    where = f"{folder / FILE}: the variant {variant}" if variant else str(folder / FILE)
    runtime = values.get("runtime")
    sentences = [
        f"{where} has a file {parent} and a folder of that name."
        for parent in {str(parent) for name in files for parent in Path(name).parents}
        if parent in files
    ]
    if runtime == "debian" and not values.get("packages"):
        sentences.append(
            f"{where} has no packages; runtime debian requires one, whose program is run."
        )
    if runtime != "python" and values.get("python"):
        sentences.append(f"{where} has python, which runtime {runtime} does not use; remove it.")
    if values.get("build") and BUILD_LOCK not in files:
        sentences.append(f"{where} has build, which requires a file {BUILD_LOCK} beside it.")
    own = [path for name in LOCKS if (path := files.get(name)) and _is_own(path, folder, variant)]
    return sentences + _lock_mistakes(own)


def _is_own(path: Path, folder: Path, variant: str) -> bool:
    """Whether a file is not the plain framework's, of which its mistakes are told already."""
    return not variant or path.parent != folder or path.name not in LOCKS


def _lock_mistakes(files: Iterable[Path]) -> list[str]:
    """A sentence for each lock that has anything but packages."""
    sentences = []
    for file in files:
        try:
            read_lock(file.read_text(encoding="utf-8", errors="replace"), str(file))
        except (LockError, OSError) as error:
            sentences.append(sentence(str(error)))
    return sentences


def find_frameworks(folders: Iterable[str], root: Path) -> dict[str, PlannedFramework]:
    """Every framework below the folders (relative to `root`), and its variants, by name.

    A folder is a framework itself if it has a `framework.yml`, else its children may be. Raises
    PlanError.
    """
    frameworks: dict[str, PlannedFramework] = {}
    mistakes = Mistakes()
    for name in folders:
        if not (root / name).is_dir():
            mistakes.append(f"bench_framework_dirs has {name!r}, which is not a folder.")
            continue
        for folder in _framework_folders(root / name):
            if folder.name in frameworks:
                other = frameworks[folder.name].path
                mistakes.append(f"{folder} and {other} have the same name; rename one of them.")
                continue
            with mistakes.collected():
                frameworks |= read_frameworks(folder)
    mistakes.refuse()
    return frameworks


def _framework_folders(top: Path) -> list[Path]:
    if (top / FILE).exists():
        return [top]
    return [folder for folder in sorted(top.iterdir()) if (folder / FILE).exists()]
