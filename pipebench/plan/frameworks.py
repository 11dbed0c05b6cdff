"""The frameworks of a run: those in the folders, the chosen ones, and the controls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from pipebench.documents.declared import matches, plain, read_fields, suggestion
from pipebench.locks.requirements_lock import LOCKS, LockError, read_lock
from pipebench.plan.digest import digest_of
from pipebench.plan.errors import Mistakes, PlanError, sentence
from pipebench.plan.variables import Name

FILE = "framework.yml"
CURRENT = "current"
"""The stack of today."""
BUILD_LOCK = LOCKS[1]
CEILING = Path("servers") / "ceiling"
DEFAULT_REFERENCE = "uvloop-httptools"

Text = Annotated[str, Meta(extra={"right": "a text, in quotes if it is a number"})]
Packages = Annotated[
    list[Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9+.-]+\Z")]],
    Meta(extra={"right": "a list of Debian packages"}),
]


class FrameworkFile(Struct, frozen=True, kw_only=True):
    """framework.yml, which docs/formats.md explains."""

    title: Text
    stack: Text
    language: Text
    runtime: Literal["python", "go", "debian"]
    python: Text | None = None
    packages: Packages = []
    build: Packages = []
    note: Text = ""
    # ceiling: the most that generator and path can do; it is not ranked
    role: Literal["framework", "ceiling"] = "framework"


class PlannedFramework(FrameworkFile, frozen=True, kw_only=True):
    """A framework of a run. path: its folder here, absolute. digest: of its files.

    control_of: the framework that this one is a second time (the A/A control); else absent.
    """

    path: str
    digest: str
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
    """The framework in a folder. Raises PlanError."""
    file = folder / FILE
    given = _read_yaml(file)
    if type(given.get("stack")) is int:  # a year needs no quotes
        given["stack"] = str(given["stack"])
    values, wrong = read_fields(FrameworkFile, given, where=f"{file}: ")
    mistakes = Mistakes(map(sentence, wrong.values()))
    if not matches(folder.name, Name):
        mistakes.append(
            f"{folder} must have a name of a-z, 0-9 and -, which does not begin with -."
        )
    mistakes += _package_mistakes(folder, values)
    mistakes += _lock_mistakes(folder)
    mistakes.refuse()
    note = values.get("note", "").strip()
    return PlannedFramework(
        **{**values, "note": note}, path=str(folder.resolve()), digest=digest_of(folder)
    )


def _read_yaml(file: Path) -> dict[str, Any]:
    """The mapping in a file. Raises PlanError."""
    try:
        data = plain(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PlanError(f"{file} cannot be read: {' '.join(str(error).split())}.") from error
    if not isinstance(data, dict):
        raise PlanError(f"{file} is not a mapping; it requires title, stack, language, runtime.")
    return data


def _package_mistakes(folder: Path, values: Mapping[str, Any]) -> list[str]:
    """Mistakes in Debian packages that are right alone, but not with the other fields."""
    sentences = []
    if values.get("runtime") == "debian" and not values.get("packages"):
        sentences.append(
            f"{folder / FILE} has no packages; runtime debian requires one, whose program is run."
        )
    if values.get("build") and not (folder / BUILD_LOCK).is_file():
        sentences.append(
            f"{folder / FILE} has build, which requires a file {BUILD_LOCK} beside it."
        )
    return sentences


def _lock_mistakes(folder: Path) -> list[str]:
    """A sentence for each lock that has anything but packages."""
    sentences = []
    for file in (folder / name for name in LOCKS):
        if file.is_file():
            try:
                read_lock(file.read_text(encoding="utf-8", errors="replace"), str(file))
            except (LockError, OSError) as error:
                sentences.append(sentence(str(error)))
    return sentences


def find_frameworks(folders: Iterable[str], root: Path) -> dict[str, PlannedFramework]:
    """Every framework below the folders (relative to `root`), by name. Raises PlanError.

    A folder is a framework itself if it has a `framework.yml`, else its children may be.
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
                frameworks[folder.name] = read_framework(folder)
    mistakes.refuse()
    return frameworks


def _framework_folders(top: Path) -> list[Path]:
    if (top / FILE).exists():
        return [top]
    return [folder for folder in sorted(top.iterdir()) if (folder / FILE).exists()]


def choose_frameworks(names: list[str], available: Frameworks) -> dict[str, PlannedFramework]:
    """The named frameworks, or all of the current stack. Raises PlanError."""
    Mistakes(
        sentence(
            f"bench_frameworks has {name!r}, which does not exist; {suggestion(name, available)}"
        )
        for name in names
        if name not in available
    ).refuse()
    chosen = names or [
        name
        for name in sorted(available)
        if available[name].stack == CURRENT and available[name].is_ranked
    ]
    if not chosen:
        raise PlanError("bench_framework_dirs has no framework of the current stack.")
    return {name: available[name] for name in chosen}


def choose_reference(name: str | None, chosen: Frameworks) -> str | None:
    """The framework that precision and the A/A control refer to; None if none is ranked.

    Raises PlanError.
    """
    ranked = [name for name, framework in chosen.items() if framework.is_ranked]
    if name is None:
        return DEFAULT_REFERENCE if DEFAULT_REFERENCE in ranked else next(iter(ranked), None)
    if name not in ranked:
        raise PlanError(
            f"bench_reference is {name!r}; it must be one of this run: {', '.join(ranked)}."
        )
    return name


def control_frameworks(
    chosen: Frameworks, reference: str | None, available: Frameworks, root: Path
) -> dict[str, PlannedFramework]:
    """The controls of a run: a ceiling, and its reference again under another name.

    Raises PlanError.
    """
    controls = _ceiling(chosen, available, root)
    if reference is not None:
        controls[f"{reference}-again"] = _again(reference, chosen[reference])
    Mistakes(
        f"{name} is the name of a control of this run; rename that framework, or set "
        "bench_controls to false."
        for name in controls
        if name in chosen
    ).refuse()
    return controls


def _ceiling(chosen: Frameworks, available: Frameworks, root: Path) -> dict[str, PlannedFramework]:
    """A ceiling, unless one is chosen; the project's own if the folders have none."""
    if any(framework.role == "ceiling" for framework in chosen.values()):
        return {}
    ceilings = {name: one for name, one in available.items() if one.role == "ceiling"}
    if not ceilings and (root / CEILING).is_dir():
        ceilings = {CEILING.name: read_framework(root / CEILING)}
    return dict(list(ceilings.items())[:1])


def _again(name: str, original: PlannedFramework) -> PlannedFramework:
    return structs.replace(
        original,
        title=f"{original.title} (again)",
        note=f"The A/A control: {original.title} a second time, as a unit of its own.",
        control_of=name,
    )
