"""A run that measures again what an earlier run measured, compared with that."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

from pipebench.compare.judged_side import JudgedSide, read_side, side_of
from pipebench.compare.runs import Compared, compare_sides
from pipebench.plan.earlier_run import places_of
from pipebench.record import store
from pipebench.record.schema import Like, RunError
from pipebench.record.values import first_of
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedRun
from pipebench.show import comparison
from pipebench.show.table import COLUMNS

MOST_SHOWN = 40
"""Differences that the terminal shows, those of the machines among them."""


@dataclass(frozen=True, slots=True)
class RepetitionChapter:
    """The input of the template. sentences: how the two runs compare, or why they cannot be.

    files: of the comparison, by name; none if there is none.
    """

    like: Like
    sentences: list[str]
    terminal: str
    files: dict[str, str] = field(default_factory=dict)

    @property
    def heading(self) -> str:
        return f"Compared with {self.like.run_id}"


def chapter(judged_run: JudgedRun, rows: list[CellSummary]) -> RepetitionChapter | None:
    """The chapter; None if the run has a plan of its own. rows: those of summary.csv."""
    like = judged_run.run.like
    if like is None:
        return None
    compared = _compared(judged_run, rows, like)
    if isinstance(compared, str):
        sentence = f"The run {like.run_id}, which was measured again, is not compared: {compared}."
        return RepetitionChapter(like, [sentence], textwrap.fill(sentence, COLUMNS))
    accepted = [
        textwrap.fill(f"Accepted as different: {one}", COLUMNS) for one in first_of(like.changes)
    ]
    return RepetitionChapter(
        like,
        comparison.sentences(compared),
        "\n".join([comparison.terminal(compared, most=MOST_SHOWN).rstrip(), *accepted]),
        comparison.files(compared),
    )


def _compared(judged_run: JudgedRun, rows: list[CellSummary], like: Like) -> Compared | str:
    """The earlier run and this one; or why they cannot be compared, without a full stop."""
    if not judged_run.measurements:
        return "this run has no usable measurement"
    try:
        earlier = _earlier(judged_run, like)
    except RunError as error:
        return str(error)
    compared = compare_sides([earlier, side_of(judged_run, rows)])
    return compared if compared.pairs else "; ".join(compared.not_compared)


def _earlier(judged_run: JudgedRun, like: Like) -> JudgedSide:
    """The earlier run, judged. RunError: it is not there, or cannot be judged."""
    places = places_of(like.path, judged_run.run.folder.resolve().parent)
    try:
        folder = next((place for place in places if (place / store.RUN).is_file()), None)
    except OSError as error:
        raise RunError(f"its folder cannot be looked for: {error.strerror}") from error
    if folder is None:
        raise RunError(f"its folder, {like.path}, is not there any more")
    side = read_side(folder)
    if side.run.run_id != like.run_id:
        raise RunError(f"{like.path} has another run now, {side.run.run_id}")
    return side
