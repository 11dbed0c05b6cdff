"""Which frameworks a run has: those that are named, and its controls."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs

from pipebench.documents.declared import suggestion
from pipebench.plan.errors import Mistakes, PlanError, sentence
from pipebench.plan.framework_file import no_variant
from pipebench.plan.frameworks import CURRENT, Frameworks, PlannedFramework, read_framework
from pipebench.record.names import SEPARATOR, again_of, current_name, parts

CEILING = Path("servers") / "ceiling"
DEFAULT_REFERENCE = "uvloop-httptools"
EVERY = "*"
"""In place of a variant: all that are declared. In place of a name: all of the current stack."""


def choose_frameworks(names: list[str], available: Frameworks) -> dict[str, PlannedFramework]:
    """The named frameworks, or all plain ones of the current stack (EVERY). Raises PlanError."""
    mistakes = Mistakes()
    chosen: list[str] = []
    for name in names or [EVERY]:
        folder, _, variant = name.partition(SEPARATOR)
        variants = variants_of(folder, available)
        if name in available:
            chosen.append(name)
        elif name == EVERY:
            chosen += [
                one
                for one in sorted(available)
                if available[one].stack == CURRENT
                and available[one].is_ranked
                and not available[one].variant
            ]
        elif variant == EVERY and variants:
            chosen += [f"{folder}{SEPARATOR}{one}" for one in variants]
        else:
            mistakes.append(sentence(f"bench_frameworks has {name!r}, {_unknown(name, available)}"))
    mistakes.refuse()
    if not chosen:
        raise PlanError("bench_framework_dirs has no framework of the current stack.")
    return {name: available[name] for name in chosen}


def variants_of(folder: str, available: Frameworks) -> list[str]:
    """The variants of a framework's folder, in the order of its file."""
    return [one.variant for one in available.values() if one.folder == folder and one.variant]


def _unknown(name: str, available: Frameworks) -> str:
    """Why there is no framework of this name, and what to write instead."""
    now = current_name(name)
    if now in available:
        return f"which is {now} now"
    folder, separator, variant = name.partition(SEPARATOR)
    if separator and not folder:
        return f"which lacks the name of a framework before the {SEPARATOR}"
    if not separator or folder not in available:
        everything = "for every framework of today write *, or -e @plans/field.yml"
        meant = everything if name.lower() == "all" else suggestion(name, available)
        return f"which does not exist; {meant}"
    if name == again_of(folder):
        return "which is the control that bench_controls adds to a run; it is not chosen by name"
    return f"and {no_variant(folder, variant, variants_of(folder, available))}"


def choose_reference(name: str | None, chosen: Frameworks) -> str | None:
    """The framework that precision and the A/A control refer to; None if none is ranked.

    Raises PlanError.
    """
    ranked = [name for name, framework in chosen.items() if framework.is_ranked]
    if name is None:
        return DEFAULT_REFERENCE if DEFAULT_REFERENCE in ranked else next(iter(ranked), None)
    if name in ranked:
        return name
    now = current_name(name)
    if now in ranked:
        raise PlanError(f"bench_reference is {name!r}, which is {now} now.")
    raise PlanError(
        f"bench_reference is {name!r}; it must be one of this run: {', '.join(ranked)}."
    )


def control_frameworks(
    chosen: Frameworks, reference: str | None, available: Frameworks, root: Path
) -> dict[str, PlannedFramework]:
    """The controls of a run: a ceiling, and its reference again, which differs in nothing.

    Raises PlanError.
    """
    controls = _ceiling(chosen, available, root)
    if reference is not None:
        controls[again_of(reference)] = _again(reference, chosen[reference])
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
        variant=parts(again_of(name)).variant,
        control_of=name,
    )
