"""That a run measures again what an earlier run measured, and what is different from it."""

from __future__ import annotations

from pathlib import Path

from msgspec import field

from pipebench.plan.accepting import Accepting
from pipebench.plan.project import ROOT


class Repetition(Accepting, frozen=True, kw_only=True):
    """run_id, folder: of the earlier run; the folder is absolute.

    unknown: what could not be compared with it, in sentences.
    """

    run_id: str
    folder: str
    unknown: list[str] = field(default_factory=list)


def path_from(folder: Path, results: Path) -> str:
    """The folder of an earlier run, as a run in the folder `results` notes it.

    Relative to `results`, or else to the project, so that both can be moved; or else absolute.
    """
    for place in (results, ROOT):
        if folder.is_relative_to(place):
            return str(folder.relative_to(place))
    return str(folder)


def places_of(path: str, results: Path) -> list[Path]:
    """Where the folder that `path_from` noted may be."""
    return [results / path, ROOT / path]
