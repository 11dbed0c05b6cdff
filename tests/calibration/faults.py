"""What is wrong with the answers, and when: the kinds of `fault` and `when` of BEHAVIOUR."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from messages import BODY, Request, response

LOAD_CONNECTIONS = 8
WRONG_BODY = b"Hello w0rld!"


class After(Enum):
    """What becomes of a connection once a batch is answered."""

    KEEP = auto()
    CLOSE = auto()
    RESET = auto()
    SILENCE = auto()  # stays open, and is never answered again
    HANG = auto()  # so do all the others


Reply = tuple[bytes, After]


@dataclass(slots=True)
class Load:
    """How many connections are open, and since when they are a load.

    A load tool that runs twice makes two loads: in between, it has closed its connections.
    """

    open: int = 0
    number: int = 0
    """Of loads that have begun."""
    first_at: float | None = None
    began_at: float | None = None
    """When the one that goes on began; None: there is none."""

    def opened(self, now: float) -> None:
        self.open += 1
        if self.began_at is None and self.open >= LOAD_CONNECTIONS:
            self.number += 1
            self.began_at = now
            if self.first_at is None:
                self.first_at = now

    def closed(self) -> None:
        self.open -= 1
        if self.open < LOAD_CONNECTIONS:
            self.began_at = None


@dataclass(slots=True)
class Batch:
    """What one connection asks at once. connection: its number, of all that ever came.

    place: how many were open when it came, itself included.
    """

    requests: list[Request]
    connection: int
    place: int
    load: Load


Fault = Callable[[Batch], Reply]


def right(batch: Batch) -> Reply:
    return answered(batch.requests), After.KEEP


def answered(requests: list[Request]) -> bytes:
    """The right ones."""
    return b"".join([request.answer for request in requests])


# ---- of every batch


def closes_silently() -> Fault:
    return lambda batch: (answered(batch.requests), After.CLOSE)


def closes_saying_so() -> Fault:
    return lambda batch: (last_marked(batch.requests), After.CLOSE)


def says_close_but_stays() -> Fault:
    return lambda batch: (last_marked(batch.requests), After.KEEP)


def last_marked(requests: list[Request]) -> bytes:
    """Answers of which the last says that it is the connection's last."""
    marked = requests[-1].answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    return answered(requests[:-1]) + marked


def partial(answers: int) -> Fault:
    def answer(batch: Batch) -> Reply:
        after = After.SILENCE if len(batch.requests) > answers else After.KEEP
        return answered(batch.requests[:answers]), after

    return answer


def wrong_body() -> Fault:
    return lambda batch: (answered(batch.requests).replace(BODY, WRONG_BODY), After.KEEP)


def wrong_body_for_wrk() -> Fault:
    def answer(batch: Batch) -> Reply:
        found = [
            request.answer.replace(BODY, WRONG_BODY) if request.like_wrk else request.answer
            for request in batch.requests
        ]
        return b"".join(found), After.KEEP

    return answer


def one_too_many() -> Fault:
    return lambda batch: (answered([*batch.requests, batch.requests[-1]]), After.KEEP)


def truncated(bytes_missing: int) -> Fault:
    return lambda batch: (answered(batch.requests)[:-bytes_missing], After.SILENCE)


def resets() -> Fault:
    return lambda batch: (answered(batch.requests), After.RESET)


def swapped() -> Fault:
    """The first answer changes places with the next one that differs."""

    def answer(batch: Batch) -> Reply:
        found = [request.answer for request in batch.requests]
        for place, other in enumerate(found):
            if other != found[0]:
                found[0], found[place] = other, found[0]
                break
        return b"".join(found), After.KEEP

    return answer


def errors(every: int) -> Fault:
    count = 0
    error = response(b"503 Service Unavailable", b"Now and then")

    def answer(batch: Batch) -> Reply:
        nonlocal count
        found = [request.answer for request in batch.requests]
        for place in range(every - 1 - count % every, len(found), every):
            found[place] = error
        count += len(found)
        return b"".join(found), After.KEEP

    return answer


def reversed_order() -> Fault:
    """Each answer is right, and the last one comes first."""
    return lambda batch: (answered(batch.requests[::-1]), After.KEEP)


# ---- of what came since the load began


def hangs(after_requests: int) -> Fault:
    left = after_requests

    def answer(batch: Batch) -> Reply:
        nonlocal left
        left -= len(batch.requests) if batch.load.number else 0
        return right(batch) if left >= 0 else (b"", After.HANG)

    return answer


def leaks(bytes_per_request: int, most_bytes: int) -> Fault:
    kept: list[bytes] = []
    size = 0

    def answer(batch: Batch) -> Reply:
        nonlocal size
        more = bytes_per_request * len(batch.requests)
        if batch.load.number and size + more <= most_bytes:
            kept.append(b"x" * more)
            size += more
        return right(batch)

    return answer


# ---- of some connections


def serves_first(connections: int) -> Fault:
    """Of those open at once, so many are served; those that come later never are."""

    def answer(batch: Batch) -> Reply:
        return right(batch) if batch.place <= connections else (b"", After.SILENCE)

    return answer


def hangs_on(connections: int, after_batches: int) -> Fault:
    return hangs_on_some(lambda _load: connections, after_batches)


def hangs_on_share(share: float, after_batches: int) -> Fault:
    return hangs_on_some(lambda load: int(share * load.open), after_batches)


def hangs_on_some(most: Callable[[Load], int], after_batches: int) -> Fault:
    """In each load, the first connections to have had so many batches answered are silent then.

    Those that ask now and then beside the load never have so many, and go on.
    """
    had: Counter[int] = Counter()
    hung = number = 0

    def answer(batch: Batch) -> Reply:
        nonlocal hung, number
        if number != batch.load.number:
            had.clear()
            hung, number = 0, batch.load.number
        if batch.load.began_at is None:
            return right(batch)
        if had[batch.connection] >= after_batches and hung < most(batch.load):
            hung += 1
            return b"", After.SILENCE
        had[batch.connection] += 1
        return right(batch)

    return answer


# ---- of the load, beside which further requests are asked

LIES = {
    "tiny": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "not-modified": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "no-content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "moved": b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
    "bare": b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" + BODY,
    "busy-page": response(b"200 OK", b"Please wait."),
}
"""What some answer, so that they need less time, instead of what is right."""


def lies_to_the_load(answer: str) -> Fault:
    """To a batch that is wrk's own, which asks for nothing but `/`; others are answered rightly."""
    lie = LIES[answer]

    def answered_to(batch: Batch) -> Reply:
        if all(request.like_wrk and BODY in request.answer for request in batch.requests):
            return lie * len(batch.requests), After.KEEP
        return right(batch)

    return answered_to


def lies_after(connections: int, answer: str) -> Fault:
    """On all connections but the first that came, whatever is asked for and found."""
    lie = LIES[answer]

    def answered_to(batch: Batch) -> Reply:
        if batch.connection < connections:
            return right(batch)
        found = [lie if BODY in one.answer else one.answer for one in batch.requests]
        return b"".join(found), After.KEEP

    return answered_to


def lies_beyond(connections: int, answer: str) -> Fault:
    """The same on those that came while so many were open already."""
    lie = lies_after(0, answer)
    return lambda batch: lie(batch) if batch.place > connections else right(batch)


def wrong_once_in(answers: int) -> Fault:
    """One byte of the body of one answer of so many, of the load and beside it."""
    count = 0

    def answer(batch: Batch) -> Reply:
        nonlocal count
        found = [request.answer for request in batch.requests]
        if batch.load.number:
            for place in range(answers - 1 - count % answers, len(found), answers):
                found[place] = found[place].replace(BODY, WRONG_BODY)
            count += len(found)
        return b"".join(found), After.KEEP

    return answer


def informs() -> Fault:
    """An informational answer before each answer: no fault, but wrk counts it as one."""
    early = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    return lambda batch: (b"".join(early + one.answer for one in batch.requests), After.KEEP)


def counts() -> Fault:
    """A header field that grows with the requests that came: no fault."""
    count = 0

    def answer(batch: Batch) -> Reply:
        nonlocal count
        found = []
        for request in batch.requests:
            count += 1
            found.append(request.answer.replace(b"\r\n", b"\r\nX-Count: %d\r\n" % count, 1))
        return b"".join(found), After.KEEP

    return answer


FAULTS: dict[str, Callable[..., Fault]] = {
    "closes-silently": closes_silently,
    "closes-saying-so": closes_saying_so,
    "says-close-but-stays": says_close_but_stays,
    "partial": partial,
    "wrong-body": wrong_body,
    "wrong-body-for-wrk": wrong_body_for_wrk,
    "one-too-many": one_too_many,
    "truncated": truncated,
    "resets": resets,
    "swapped": swapped,
    "reversed-order": reversed_order,
    "errors": errors,
    "hangs": hangs,
    "leaks": leaks,
    "serves-first": serves_first,
    "hangs-on": hangs_on,
    "hangs-on-share": hangs_on_share,
    "lies-to-the-load": lies_to_the_load,
    "lies-after": lies_after,
    "lies-beyond": lies_beyond,
    "wrong-once-in": wrong_once_in,
    "informs": informs,
    "counts": counts,
}


# ---- when

When = Callable[[Load], bool]


def while_open(more_than: int) -> When:
    return lambda load: load.open > more_than


def within_load(number: int, after_s: float) -> When:
    """Until that load ends. A warm-up is the first load, and the window is the second."""

    def is_now(load: Load) -> bool:
        began_at = load.began_at if load.number == number else None
        return began_at is not None and time.monotonic() - began_at >= after_s

    return is_now


WHENS: dict[str, Callable[..., When]] = {
    "while-open": while_open,
    "within-load": within_load,
}


def only_when(when: When, fault: Fault) -> Fault:
    return lambda batch: fault(batch) if when(batch.load) else right(batch)
