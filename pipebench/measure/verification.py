"""What was verified of the answers, before the load and while it went on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from pipebench.measure.load import Load, Ran
from pipebench.record.schema import AnswerAlone, WrongAnswer
from pipebench.tools.tool import CheckedAnswers

RIGHT = 200


class Sizes(NamedTuple):
    """The smallest and the largest of the right answers to the load's own requests, bytes."""

    least: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstWrong:
    """The first wrong answer. phase: "warm-up" or "window"; at_s: since that began."""

    seen: str
    detail: str
    phase: str
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Counts over warm-up and window, of all generators together.

    requests: that were asked; answered: of these. batches: that were asked; wrong, other: of these,
    other if it was for a status below 400 that was not the right one. opened: connections, within
    the window. statuses: of answers with one that was not right. sizes: None if there was no right
    answer to a batch of the load, or in older records. alone: how the load's own batch was answered
    before it, on the first generator.
    """

    requests: int
    answered: int
    batches: int
    wrong: int
    other: int
    opened: int
    first_wrong: FirstWrong | None
    first_other: FirstWrong | None
    statuses: dict[str, int]
    sizes: Sizes | None
    alone: AnswerAlone | None


def verified_of(loads: list[Load]) -> Verified | None:
    """None unless every generator verified."""
    documents = [load.verification for load in loads if load.verification]
    if not documents or len(documents) < len(loads):
        return None
    phases = [phase for one in documents for phase in one.phases.values()]
    statuses = Counter[str]()
    for phase in phases:
        statuses.update(phase.statuses)
    return Verified(
        requests=sum(phase.requests for phase in phases),
        answered=sum(phase.answered for phase in phases),
        batches=sum(phase.batches for phase in phases),
        wrong=sum(phase.wrong for phase in phases),
        other=sum(phase.other for phase in phases),
        opened=sum(one.phases["measured"].opened for one in documents if "measured" in one.phases),
        first_wrong=_first(loads, [one.first_wrong for one in documents]),
        first_other=_first(loads, [one.first_other for one in documents]),
        statuses=dict(statuses),
        sizes=_sizes(loads),
        alone=documents[0].alone,
    )


def _first(loads: list[Load], wrongs: list[WrongAnswer | None]) -> FirstWrong | None:
    """Of the first generator that saw one. wrongs: by generator."""
    for load, wrong in zip(loads, wrongs, strict=True):
        if wrong is None:
            continue
        began: Ran | None = load.warmup if wrong.phase == "warmup" else load.measured
        return FirstWrong(
            seen=wrong.seen,
            detail=wrong.detail,
            phase="warm-up" if wrong.phase == "warmup" else "window",
            at_s=max(0.0, wrong.at - began.started) if began else 0.0,
        )
    return None


def _sizes(loads: list[Load]) -> Sizes | None:
    sizes: list[int] = []
    for load in loads:
        if load.verification is None:
            continue
        alone = load.verification.alone
        if alone and alone.status == RIGHT:
            sizes += alone.sizes
        for phase in load.verification.phases.values():
            sizes += [size for size in (phase.least, phase.most) if size]
    return Sizes(min(sizes), max(sizes)) if sizes else None


def checked_of(loads: list[Load]) -> CheckedAnswers | None:
    """The sums over all generators in the window; None unless each checked every answer."""
    all_checked = [
        load.measured.counts.checked for load in loads if load.measured and load.measured.counts
    ]
    checked = [one for one in all_checked if one]
    if not checked or len(checked) < len(loads):
        return None
    statuses = Counter[int]()
    for one in checked:
        statuses.update(one.statuses)
    return CheckedAnswers(
        answers=sum(one.answers for one in checked),
        statuses=dict(statuses),
        wrong_body=sum(one.wrong_body for one in checked),
        lacking_field=sum(one.lacking_field for one in checked),
        bare=sum(one.bare for one in checked),
        first_wrong=next((one.first_wrong for one in checked if one.first_wrong), ""),
    )
