"""Chapters of the report that the core does not know, in their order."""

from pathlib import Path

from pipebench.chapters import (
    cost,
    crosscheck,
    crosscheck_tables,
    repetition,
    stack_2017,
    stack_2017_tables,
    variants,
)
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedRun
from pipebench.show.chapter import Chapter, ChapterMaker

TEMPLATES = Path(__file__).parent / "templates"


def _repetition(judged_run: JudgedRun, rows: list[CellSummary]) -> Chapter | None:
    shown = repetition.chapter(judged_run, rows)
    if not shown:
        return None
    template = TEMPLATES / "repetition.md.j2"
    return Chapter("results", template, shown, shown.files, terminal=shown.terminal)


def _cost(judged_run: JudgedRun, rows: list[CellSummary]) -> Chapter | None:
    shown = cost.chapter(judged_run, rows)
    if not shown:
        return None
    return Chapter("results", TEMPLATES / "cost.md.j2", shown, tables={shown.heading: shown.tables})


def _stack_2017(judged_run: JudgedRun, rows: list[CellSummary]) -> Chapter | None:
    compared = stack_2017.compare_stacks(judged_run, rows)
    if not compared:
        return None
    shown = stack_2017_tables.shown(compared)
    template = TEMPLATES / "stack_2017.md.j2"
    return Chapter("results", template, shown, tables={shown.heading: shown.tables})


def _variants(judged_run: JudgedRun, rows: list[CellSummary]) -> Chapter | None:
    shown = variants.chapter(judged_run, rows)
    if not shown:
        return None
    template = TEMPLATES / "variants.md.j2"
    return Chapter("results", template, shown, tables={shown.heading: shown.tables})


def _crosscheck(judged_run: JudgedRun, _rows: list[CellSummary]) -> Chapter | None:
    cells = crosscheck.checked_cells(judged_run)
    if not cells:
        return None
    shown = crosscheck_tables.shown(cells)
    files = {"crosscheck.csv": crosscheck.to_csv(cells)}
    template = TEMPLATES / "crosscheck.md.j2"
    tables = {checked.heading: checked.tables for checked in shown}
    return Chapter("evidence", template, shown, files, tables)


CHAPTERS: tuple[ChapterMaker, ...] = (
    _repetition,
    _cost,
    _variants,
    _stack_2017,
    _crosscheck,
)
