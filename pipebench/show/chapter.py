"""A chapter of the report that the core does not know: a template and its input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedRun
from pipebench.show.table import Table


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter. place: before the results, after them, or with the evidence at the end.

    template: the path of a file, in which chapter.context is `context`. files: written beside
    report.md, by name. tables: by the heading above them, in their order; the page sorts by their
    values. terminal: what is printed under the run's own table.
    """

    place: Literal["first", "results", "evidence"]
    template: Path
    context: Any
    files: dict[str, str] = field(default_factory=dict)
    tables: dict[str, list[Table]] = field(default_factory=dict)
    terminal: str = ""


ChapterMaker = Callable[[JudgedRun, list[CellSummary]], Chapter | None]
"""Makes a chapter of a judged run and the rows of its summary; None: nothing to show."""
