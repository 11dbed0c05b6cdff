"""Cases of requests that are drawn: whoever parses HTTP answers them, and nobody else does.

A server that counts blank lines, or looks at one byte of each path, is right about wrk's batches.
"""

from __future__ import annotations

from collections.abc import Callable

from awkward import closed_after_content
from classify import Classification
from request import Request, joined, thue_morse
from target import Target

BATCHES = 4
REQUESTS = 4  # of a batch
SEGMENT = 1400
"""Bytes that a network carries at once: nobody is to fail here because a batch was cut."""


def heads(target: Target) -> Classification:
    """Fields, their order, spelling and number, and paths are drawn."""
    write = target.write
    for _ in range(BATCHES):
        result = target.batch(small(lambda: [write.drawn(one) for one in thue_morse(REQUESTS)]))
        if result.conforms is not True:
            break
    return result


def contents(target: Target) -> Classification:
    """Contents with blank lines and requests in them, which nobody is to answer."""
    write = target.write

    def drawn() -> list[Request]:
        before = [write.drawn(False), write.drawn_with_content()]
        return [*before, write.drawn(True), write.drawn(False)]

    for _ in range(BATCHES):
        result = closed_after_content(target.batch(small(drawn)), 2)
        if result.conforms is not True:
            break
    return result


def small(draw: Callable[[], list[Request]]) -> list[Request]:
    """Draw until a batch is drawn that a network carries at once."""
    while True:
        requests = draw()
        if len(joined(requests)) <= SEGMENT:
            return requests
