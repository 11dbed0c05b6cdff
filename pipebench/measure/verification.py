"""What was verified on further connections while the load went on."""

from __future__ import annotations

from dataclasses import dataclass

from pipebench.measure.load import Load, Ran


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

    requests: that were asked; answered: of these. batches: that were asked; wrong: of these.
    opened: connections, within the window.
    """

    requests: int
    answered: int
    batches: int
    wrong: int
    opened: int
    first_wrong: FirstWrong | None


def verified_of(loads: list[Load]) -> Verified | None:
    """None unless every generator verified."""
    documents = [load.verification for load in loads if load.verification]
    if not documents or len(documents) < len(loads):
        return None
    phases = [phase for one in documents for phase in one.phases.values()]
    firsts = filter(None, map(_first_wrong, loads))
    return Verified(
        requests=sum(phase.requests for phase in phases),
        answered=sum(phase.answered for phase in phases),
        batches=sum(phase.batches for phase in phases),
        wrong=sum(phase.wrong for phase in phases),
        opened=sum(one.phases["measured"].opened for one in documents if "measured" in one.phases),
        first_wrong=next(firsts, None),
    )


def _first_wrong(load: Load) -> FirstWrong | None:
    wrong = load.verification.first_wrong if load.verification else None
    if wrong is None:
        return None
    began: Ran | None = load.warmup if wrong.phase == "warmup" else load.measured
    return FirstWrong(
        seen=wrong.seen,
        detail=wrong.detail,
        phase="warm-up" if wrong.phase == "warmup" else "window",
        at_s=max(0.0, wrong.at - began.started) if began else 0.0,
    )
