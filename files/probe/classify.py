"""What was answered, classed against what was asked."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from connection import Connection
from host.answers import Answer, describe
from request import BODY, Request


class Classification(NamedTuple):
    label: str  # a class of docs/probe.md
    answered: int | None  # None if nothing was asked
    expected: int | None
    detail: str
    conforms: bool | None
    gone: bool = False  # the connection ended while answers were still due


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
    if request.body is None:
        return None
    if answer.body != request.body:
        wanted = request.body.decode(errors="replace")
        return "wrong body", f"the body is {describe(answer.body)}, not {wanted!r}"
    if answer.media_type != "text/plain":
        return "wrong answer", f"Content-Type is {answer.media_type!r}, not text/plain"
    return None


def first_fault(asked: list[Request], answers: list[Answer]) -> tuple[int, str, str] | None:
    for i, answer in enumerate(answers[: len(asked)]):
        wrong = fault(asked[i], answer)
        if wrong:
            return (i + 1, *wrong)
    return None


def displaced(asked: list[Request], answers: list[Answer]) -> bool:
    """Whether the answers are right ones, or some of them, but not where they stand."""
    wanted = Counter(min(request.statuses) for request in asked)
    came = Counter(answer.status for answer in answers)
    return not came - wanted and all(
        answer.status == 404
        or (answer.status == 200 and answer.body == BODY and answer.media_type == "text/plain")
        for answer in answers
    )


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
    marked = next((i + 1 for i, answer in enumerate(connection.answers) if answer.close), n)
    if marked < n:
        return classify_mark(connection, marked)
    count = f"answered {k} of {n}" + (", in another order" if disorder else "")
    if connection.end in ("content", "not HTTP"):
        label = "wrong body" if connection.end == "content" else connection.end
        return Classification(label, k, n, f"{count}, then came {connection.unexpected}", False)
    if k == n and connection.reader.buffer:
        rest = describe(bytes(connection.reader.buffer))
        return Classification("too many", k, n, f"{count}, then came {rest}", False)
    ended = classify_end(connection, count, patience)
    return ended._replace(gone=False) if disorder else ended


def classify_mark(connection: Connection, marked: int) -> Classification:
    """Class what follows an answer that says it is the last, before the last was asked for."""
    k, n = len(connection.answers), len(connection.asked)
    detail = f"marked answer {marked} of {n} as the last"
    if k > marked:
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
