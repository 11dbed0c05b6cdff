"""One request more, to a server that is silent while answers are due.

Does it look at what it holds only when it reads again? What comes then tells that from a server
which has dropped the requests.
"""

from __future__ import annotations

from classify import Classification, fault
from connection import Connection
from host.answers import Answer
from request import Request, Writer

DROPPED = "was answered, and those before it were not"
SOON = 0.5  # the share of the patience for what one request more brings


def nudged(
    connection: Connection, result: Classification, write: Writer, patience: float
) -> Classification:
    """The classification of a batch that was not answered in full, after one request more."""
    answered = len(connection.answers)
    held = connection.asked[answered:]
    connection.end = None
    # Its right answer is not that of the first one held back, so the two cannot be confused.
    extra = write.get(missing=held[0].statuses == write.contract.statuses)
    connection.ask([extra], patience * SOON)
    more = connection.answers[answered:]
    if held[0].method == "HEAD" and connection.end == "content":
        # read as an answer to HEAD, and it has a body: it is that to the GET
        return said(result, DROPPED)
    return said(result, *brought(held, extra, more)) if more else result


def brought(held: list[Request], extra: Request, more: list[Answer]) -> tuple[str, str | None]:
    """What one request more brought, in words, and a class if it tells one."""
    count = matching(held, more)
    own = fault(extra, more[0]) is None
    if own and count == len(more) == 1:
        return "brought one answer, which may be its own", None
    if count:
        return f"brought {count} of the {len(held)} answers held back", "sequential"
    if not own:
        return "was answered wrongly", None
    behind = matching(held, more[1:])
    if behind:
        return f"was answered before {behind} of the answers held back", "out of order"
    return DROPPED, None


def said(result: Classification, what: str, label: str | None = None) -> Classification:
    detail = f"{result.detail}; one request more {what}"
    return result._replace(label=label or result.label, detail=detail)


def matching(requests: list[Request], answers: list[Answer]) -> int:
    """How many answers are right for the requests in their place, up to the first that is not."""
    for place, (request, answer) in enumerate(zip(requests, answers)):
        if fault(request, answer) is not None:
            return place
    return min(len(requests), len(answers))
