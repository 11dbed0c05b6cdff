"""Paths as people type them: how one is shown, and which may be meant by one that is not there."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pipebench.documents.declared import near


def shown_path(path: Path) -> str:
    """A path as somebody would type it."""
    here, full = Path.cwd(), Path(os.path.normpath(Path.cwd() / path))
    return str(full.relative_to(here)) if full.is_relative_to(here) else str(path)


def absent_text(name: str, known: Iterable[str], otherwise: str) -> str:
    """That a path does not exist, and which of the known ones may be meant.

    otherwise: what to say if none is like it. Its folder and its suffix may be missing or wrong.
    """
    typed = Path(name)
    names = {Path(one).name: one for one in known}
    stems = {Path(one).stem: one for one in names.values()}
    like, like_stem = near(typed.name, names), near(typed.stem, stems)
    meant = stems.get(typed.stem) or names.get(like or "") or stems.get(like_stem or "")
    return f"{name} does not exist{f'; did you mean {meant}?' if meant else otherwise}"
