"""Chapters of the report that the core does not know, in their order."""

from pathlib import Path

from pipebench.chapters import cost, crosscheck, stack_2017
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedRun
from pipebench.show.chapter import Chapter, ChapterMaker

TEMPLATES = Path(__file__).parent / "templates"


def _cost(judged_run: JudgedRun, rows: list[CellSummary]) -> Chapter | None:
    text = cost.chapter(judged_run, rows)
    return Chapter("results", TEMPLATES / "cost.md.j2", text) if text else None


def _stack_2017(judged_run: JudgedRun, rows: list[CellSummary]) -> Chapter | None:
    compared = stack_2017.chapter(judged_run, rows)
    return Chapter("results", TEMPLATES / "stack_2017.md.j2", compared) if compared else None


def _crosscheck(judged_run: JudgedRun, _rows: list[CellSummary]) -> Chapter | None:
    cells = crosscheck.chapter(judged_run)
    if not cells:
        return None
    files = {"crosscheck.csv": crosscheck.to_csv(cells)}
    return Chapter("evidence", TEMPLATES / "crosscheck.md.j2", cells, files)


CHAPTERS: tuple[ChapterMaker, ...] = (_cost, _stack_2017, _crosscheck)
