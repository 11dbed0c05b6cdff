"""Whether the load got the answers that were verified: their content and their size, in sentences.

What a load tool counts says nothing of what an answer was. It is known from a further window in
which the tool checked each of them, and from what was asked beside the load; and all that the load
received must be as many answers of the size that was seen there.
"""

from __future__ import annotations

from pipebench.documents.declared import listed
from pipebench.measure.measurement import Measurement
from pipebench.measure.verification import RIGHT, FirstWrong, Sizes, Verified
from pipebench.rules.rule import Outcome

REFUSED = 400
"""Statuses from here on are errors to the load tool."""
CEILING = "ceiling"
"""The role of a server that reads no path: only what the load asks is answered rightly."""
WRONG = ("wrong body", "out of order", "too many", "not HTTP")
"""Classes of docs/probe.md that no load explains."""
OTHER = "wrong answer"
"""Another class: of a wrong status, or of a wrong Content-Type, which changes no figure."""
UNSEEN = 0.05
"""With this probability a share of wrong answers as large as `unseen_share` would not be seen."""


def wrong_beside(measurement: Measurement, role: str | None) -> str | None:
    """What was wrong with an answer that was asked before the load or beside it."""
    verified = measurement.verified
    if verified is None:
        return None
    alone = verified.alone
    if alone and (alone.seen in WRONG or (alone.seen == OTHER and _lies(alone.status))):
        return f"wrong before the load: {alone.seen}, {alone.detail}"
    if verified.first_wrong:
        return _under_load(verified.first_wrong, verified.wrong, verified)
    if verified.first_other and role != CEILING:
        return _under_load(verified.first_other, verified.other, verified)
    return None


def _lies(status: int | None) -> bool:
    """Whether a status is neither the right one, nor informational, nor a refusal."""
    return status is not None and RIGHT < status < REFUSED


def _under_load(first: FirstWrong, wrong: int, verified: Verified) -> str:
    return (
        f"wrong under load: {first.seen} {first.at_s:.1f} s into the {first.phase}, "
        f"{first.detail}; {wrong:,} of {verified.batches:,} verified batches were wrong"
    )


def wrong_in_window(answers: Measurement | None) -> tuple[Outcome, str] | None:
    """What was wrong in the window in which every answer was checked, and what follows."""
    checked = answers.checked if answers else None
    if answers is None or checked is None:
        return None
    others = {status: count for status, count in checked.statuses.items() if _lies(status)}
    parts = [f"{count:,} had status {status}" for status, count in sorted(others.items())]
    if checked.wrong_body:
        parts.append(f"{checked.wrong_body:,} had another body")
    if checked.lacking_field:
        parts.append(
            f"{checked.lacking_field:,} lacked a header field of its answer before the load"
        )
    # an informational answer may have no field, and it is the first on its connection
    bare = 0 if interim(answers, answers) else checked.bare
    if bare:
        parts.append(f"{bare:,} had no header field at all")
    if not parts:
        return None
    first = f" (the first: {checked.first_wrong})" if checked.first_wrong else ""
    is_wrong = others or checked.wrong_body or bare
    count = checked.answers + checked.bare
    return Outcome.FAILED if is_wrong else Outcome.DEGRADED, (
        f"of {count:,} answers that {answers.tool} checked in round {answers.round}, "
        f"{listed(parts)}{first}"
    )


def interim(measurement: Measurement, answers: Measurement | None) -> str | None:
    """That informational answers come before its answers, which the load tool counts as answers."""
    alone = measurement.verified.alone if measurement.verified else None
    statuses = set(alone.interim if alone else [])
    if answers and answers.checked:
        statuses |= {status for status in answers.checked.statuses if status < RIGHT}
    if not statuses:
        return None
    return (
        f"it sends an informational answer ({listed(map(str, sorted(statuses)))}) before each "
        f"answer, which {measurement.tool} counts as a response of its own"
    )


def sizes(measurement: Measurement) -> Sizes | None:
    """What a right answer to the load's own requests has, bytes; None if none was seen."""
    return measurement.verified.sizes if measurement.verified else None


def of_another_size(measurement: Measurement, answers: Measurement | None) -> str | None:
    """That the load got other answers than the same requests before and beside it.

    An answer that the end cut off makes the mean too large, by less than one on each connection. If
    those that were seen vary, the mean may lie as far outside of them as they are apart.
    """
    totals, seen = measurement.totals, sizes(measurement)
    if totals is None or not totals.requests or totals.bytes is None or seen is None:
        return None
    if interim(measurement, answers):
        return None
    spread = seen.most - seen.least
    least, most = seen.least - spread, seen.most + spread
    more = totals.bytes - totals.requests * most
    fewer = totals.requests * least - totals.bytes
    if more <= totals.opened * most and fewer <= totals.uncounted_bytes:
        return None
    bytes_each = f"{seen.least:,}" + (f" to {seen.most:,}" if spread else "")
    return (
        f"its {totals.requests:,} responses to the load have {totals.bytes / totals.requests:.1f} "
        f"bytes on average; the same requests beside the load were answered with {bytes_each} bytes"
    )


def checked_answers(measurements: list[Measurement], answers: Measurement) -> int:
    """How many answers of a cell were looked at, in its measurements and in the further window."""
    every = answers.checked.answers if answers.checked else 0
    return every + sum(one.verified.answered for one in measurements if one.verified)


def unseen_share(checked: int) -> float | None:
    """The share of wrong answers that might not have been seen (UNSEEN); None if none was checked.

    1 - UNSEEN ** (1 / n): so many right answers in a row are as likely as that.
    """
    return 1 - UNSEEN ** (1 / checked) if checked else None
