"""Cases of requests that are drawn: whoever parses HTTP answers them, and nobody else does.

A server that counts blank lines, or looks at one byte of each path, is right about wrk's batches.
"""

from __future__ import annotations

from awkward import closed_after_content
from classify import Classification
from request import thue_morse
from target import Target

BATCHES = 3


def heads(target: Target) -> Classification:
    """Fields, their order, spelling and number, and paths are drawn."""
    write = target.write
    return target.batch([write.drawn(missing) for missing in thue_morse(max(2, target.depth))])


def contents(target: Target) -> Classification:
    """Contents with blank lines and requests in them, which nobody is to answer."""
    write = target.write
    for _ in range(BATCHES):
        before = [write.drawn(False), write.drawn_with_content()]
        result = target.batch([*before, write.drawn(True), write.drawn(False)])
        result = closed_after_content(result, len(before))
        if result.conforms is not True:
            break
    return result
