"""What a variant consists of: the files of its folder on the server, and what makes it another."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipebench.documents.declared import listed
from pipebench.locks.requirements_lock import LOCKS, LockError, normal, read_lock
from pipebench.plan.digest import digest_of_files, files_of, visible
from pipebench.plan.errors import PlanError, sentence
from pipebench.plan.framework_file import (
    FILE,
    VariantFile,
    known_variants,
    no_variant,
    read_declaration,
)
from pipebench.record.names import plain_variant

VARIANT_LOCK = re.compile(r"requirements@(.+)\.txt")


def variant_lock(variant: str) -> str:
    """The lock of a variant that has packages at other versions."""
    return f"requirements@{variant}.txt"


def contents(folder: Path, variant: str) -> dict[str, Path]:
    """The file of each name in the folder of a variant on a server. Raises PlanError.

    variant: empty for the plain framework; `again` is the same.
    """
    return composed(folder, read_declaration(folder).variants, plain_variant(variant))


def put_together(folder: Path, variant: str, path: Path) -> None:
    """Copy what a variant consists of into a folder, which then has only that. Raises PlanError."""
    files = contents(folder, variant)
    shutil.rmtree(path, ignore_errors=True)
    for name, file in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, path / name)


def composed(folder: Path, variants: Mapping[str, VariantFile], variant: str) -> dict[str, Path]:
    """The file of each name in the folder of one of these variants on a server. PlanError: none."""
    own = variants.get(variant, VariantFile())
    if variant and variant not in variants:
        raise PlanError(sentence(no_variant(str(folder), variant, variants)))
    apart = {one.files for one in variants.values()}
    files = {
        str(path.relative_to(folder)): path
        for path in files_of(folder)
        if path.relative_to(folder).parts[0] not in (FILE, *apart)
        and not VARIANT_LOCK.fullmatch(path.name)
    }
    if own.files:
        replaced = folder / own.files
        files |= {str(path.relative_to(replaced)): path for path in files_of(replaced)}
    if own.overrides:
        files[LOCKS[0]] = folder / variant_lock(variant)
    return files


def variant_mistakes(
    folder: Path, variant: str, own: VariantFile, values: Mapping[str, Any]
) -> list[str]:
    """A sentence for each difference that this framework cannot have.

    values: of the framework's file, by field.
    """
    where = f"{folder / FILE}: the variant {variant}"
    runtime, loops = values.get("runtime"), values.get("loops", [])
    sentences = [f"{where} {wrong}." for wrong in _wrong_files(folder, own)]
    if own.loop and own.loop not in loops:
        known = f"its server knows {listed(loops)}" if loops else "its server knows no choice"
        sentences.append(f"{where} has the loop {own.loop}; {known} (loops).")
    if not own.overrides:
        if (folder / variant_lock(variant)).exists():
            sentences.append(
                f"{folder / variant_lock(variant)} is the lock of packages at other versions, and "
                f"the variant {variant} has no `with`."
            )
        return sentences
    if runtime == "debian":
        wrong = "and Debian has one version of each of its packages; remove it"
        return [*sentences, f"{where} has `with`, {wrong}."]
    if runtime == "go":
        advice = "give it `files`, a folder with its go.mod and go.sum"
        return [*sentences, f"{where} has `with`, which is for packages of Python; {advice}."]
    if own.files and (folder / own.files / LOCKS[0]).exists():
        sentences.append(f"{where} has `with` and a {LOCKS[0]} in its files; remove one.")
    return sentences + _override_mistakes(folder, variant, own, where)


def _wrong_files(folder: Path, own: VariantFile) -> Iterator[str]:
    """What is wrong with the folder that has a variant's own files."""
    if not own.files:
        return
    own_folder = folder / own.files
    if own_folder.is_symlink() or not own_folder.is_dir():
        yield f"has files {own.files}, which is not a folder in {folder}"
    elif not files_of(own_folder):
        yield f"has files {own.files}, in which there is no file"


def link_mistakes(folder: Path) -> list[str]:
    """A sentence for each link in a framework's folder that does not lead to a file.

    It would be left out without a word.
    """
    return [
        f"{path} is a link, and {path.readlink()} is not a file; remove it, or mend where it leads."
        for path in visible(folder)
        if path.is_symlink() and not path.is_file()
    ]


def lock_names_mistakes(folder: Path, variants: Mapping[str, VariantFile]) -> list[str]:
    """A sentence for each lock of a variant that is not declared."""
    names = {found[1] for path in folder.iterdir() if (found := VARIANT_LOCK.fullmatch(path.name))}
    return [
        f"{folder / variant_lock(name)} is the lock of a variant, and {folder / FILE} does not "
        f"declare the variant {name}; {known_variants(variants)}."
        for name in sorted(names - variants.keys())
    ]


def _override_mistakes(folder: Path, variant: str, own: VariantFile, where: str) -> list[str]:
    """A sentence for each package that is not overridden as is said, or that is not there."""
    lock = folder / variant_lock(variant)
    try:
        plain = _pinned(folder / LOCKS[0])
        locked = _pinned(lock) if lock.exists() else None
    except OSError as error:
        return [f"{where} has `with`, and {error.filename} cannot be read: {error.strerror}."]
    except LockError as error:
        return [sentence(f"{where}: {error}")]
    sentences = []
    for package, version in own.overrides.items():
        name = normal(package)
        if name not in plain:
            used = listed(sorted(plain)) if plain else "none"
            sentences.append(
                f"{where} has {package}, which the framework does not use; it uses {used}."
            )
        elif locked is not None and locked.get(name) != {version}:
            has = f"has {listed(sorted(locked[name]))}" if name in locked else "does not have it"
            sentences.append(f"{where} has {package} {version}, and {lock} {has}.")
    if locked is None and not sentences:
        page = "docs/adding-a-framework.md says how it is made"
        sentences.append(f"{where} has `with`, which requires the lock {lock}; {page}.")
    return sentences


def _pinned(path: Path) -> dict[str, set[str]]:
    """The versions in a lock by package. Raises OSError, LockError."""
    versions: dict[str, set[str]] = {}
    for one in read_lock(path.read_text(encoding="utf-8", errors="replace"), str(path)):
        versions.setdefault(one.normal_name, set()).add(one.version)
    return versions


def digest_of_framework(files: Mapping[str, Path], acting: Mapping[str, Any]) -> str:
    """The SHA-256 of what a framework consists of and of what else acts on it, in hex."""
    parts = [digest_of_files(files), acting]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
