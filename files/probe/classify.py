"""What was answered, classed against what was asked."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple, Optional, TypedDict

from connection import Connection
from host.answers import Answer, describe
from request import Request


class Unread(TypedDict):
    """What was taken of a client that reads nothing: requests, and their bytes.

    stopped: whether the server stopped taking them. answer_bytes: of the answers that are due.
    memory_bytes: by how much the server's memory grew meanwhile; None if it is not known.
    """

    requests: int
    bytes: int
    answer_bytes: int
    stopped: bool
    memory_bytes: Optional[int]  # noqa: UP045 - it is looked at as it is, and 3.9 has no other


class Classification(NamedTuple):
    label: str  # a class of docs/probe.md
    answered: int | None  # None if nothing was asked
    expected: int | None
    detail: str
    conforms: bool | None
    gone: bool = False  # the connection ended while answers were still due
    # of the cuts that were not answered well; None if none was made
    offsets: list[int] | None = None
    unread: Unread | None = None


ENDINGS = {
    "silent": ", then silent for {patience:g} s",
    "late": ", and the time was up before the rest",
    "closed": ", then closed",
    "reset": ", then reset the connection",
}
ENDED = {"closed": "closes", "reset": "resets"}


def fault(request: Request, answer: Answer) -> tuple[str, str] | None:
    """What is wrong with an answer: a class and a sentence, or None."""
    if answer.status not in request.statuses:
        quoted = f", {describe(answer.body)}" if answer.body and answer.status != 404 else ""
        return "wrong answer", f"{request.title} was answered with status {answer.status}{quoted}"
    if request.version == "1.0" and answer.chunked:
        return "wrong answer", "the answer is chunked, which HTTP/1.0 does not have"
    if request.body is not None and answer.body != request.body:
        wanted = request.body.decode(errors="replace")
        return "wrong body", f"the body is {describe(answer.body)}, not {wanted!r}"
    if request.media_type is not None and answer.media_type != request.media_type:
        return "wrong answer", f"Content-Type is {answer.media_type!r}, not {request.media_type}"
    return None


def first_fault(asked: list[Request], answers: list[Answer]) -> tuple[int, str, str] | None:
    for i, answer in enumerate(answers[: len(asked)]):
        wrong = fault(asked[i], answer)
        if wrong:
            return (i + 1, *wrong)
    return None


def displaced(asked: list[Request], answers: list[Answer]) -> bool:
    """Whether the answers are right ones, or some of them, but not where they stand.

    Only those of which one has the status of another request are: the rest is wrong in itself.
    """
    if all(answer.status in request.statuses for request, answer in zip(asked, answers)):
        return False
    kinds = {request.statuses: request for request in asked if len(request.statuses) == 1}
    left = Counter(request.statuses for request in asked)
    for answer in answers:
        fits = (kind for kind in kinds if left[kind] and fault(kinds[kind], answer) is None)
        kind = next(fits, None)
        if kind is None:
            return False
        left[kind] -= 1
    return True


def classify(connection: Connection, patience: float) -> Classification:
    """Class what was seen against what was asked."""
    k, n = len(connection.answers), len(connection.asked)
    if connection.end == "surplus":
        return Classification("too many", k, n, f"more answers than the {n} asked for", False)
    wrong = first_fault(connection.asked, connection.answers)
    disorder = wrong is not None and displaced(connection.asked, connection.answers)
    if wrong and not (disorder and k < n):
        at, label, sentence = wrong
        label = "out of order" if disorder else label
        return Classification(label, k, n, f"answer {at} of {n}: {sentence}", False)
    last = next((i + 1 for i, one in enumerate(connection.answers) if not one.persists), n)
    if last < n:
        return classify_last(connection, last)
    count = f"answered {k} of {n}" + (", in another order" if disorder else "")
    if connection.end in ("content", "not HTTP"):
        label = "wrong body" if connection.end == "content" else connection.end
        return Classification(label, k, n, f"{count}, then came {connection.unexpected}", False)
    if k == n and connection.reader.buffer:
        rest = describe(bytes(connection.reader.buffer))
        return Classification("too many", k, n, f"{count}, then came {rest}", False)
    ended = classify_end(connection, count, patience)
    return ended._replace(gone=False) if disorder else ended


def classify_last(connection: Connection, last: int) -> Classification:
    """Class what follows an answer that is the last of its connection, before the last was due."""
    k, n = len(connection.answers), len(connection.asked)
    if connection.answers[last - 1].close:
        detail = f"marked answer {last} of {n} as the last"
    else:
        detail = f"answer {last} of {n} is of HTTP/1.0 without keep-alive, and so the last"
    if k > last:
        return Classification("closes", k, n, f"{detail}, and yet sent {k}", False)
    if connection.end in ENDED:
        return Classification("closes", k, n, f"{detail}, and closed", False, gone=True)
    return Classification("stays open", k, n, f"{detail}, and did not close", False)


def classify_end(connection: Connection, count: str, patience: float) -> Classification:
    """Class answers that are all right, as far as they came."""
    k, n = len(connection.answers), len(connection.asked)
    ending = ENDINGS.get(connection.end or "", "").format(patience=patience)
    if k == n:
        return Classification("full", k, n, f"{count}{ending}", True)
    if connection.end == "late":
        return Classification("slow", k, n, f"{count}{ending}", None)
    if connection.reader.buffer:
        part = f"{count} and {len(connection.reader.buffer)} bytes of the next{ending}"
        return Classification("truncated", k, n, part, False)
    label = ENDED.get(connection.end or "", "partial" if k else "hangs")
    return Classification(label, k, n, f"{count}{ending}", False, gone=connection.end in ENDED)
