"""What to do about a case of the probe, by the class that was seen (docs/probe.md)."""

from __future__ import annotations

from collections.abc import Iterable

from pipebench.record.schema import Case

ADVICE = {
    "closes": "keep a connection open after its answer, unless the request has Connection: close",
    "resets": "keep a connection open after its answer, and read all that was sent on it",
    "wrong answer": "answer GET / with status 200 and Content-Type text/plain, and every other "
    "path with 404",
    "wrong body": "answer GET / with the 12 bytes `Hello world!` and nothing behind them",
    "out of order": "answer the requests of a connection in the order in which they came",
    "sequential": "answer every request that one read brought, before the next read",
    "partial": "answer every request that one read brought, and not only the first of them",
    "hangs": "answer every request that one read brought; see that no handler waits for ever",
    "too many": "send exactly one answer for each request",
    "truncated": "send all the bytes that Content-Length announces",
    "crashes": "see why its process ended: what it wrote is below",
    "not HTTP": "speak plain HTTP/1.1 at its port, without TLS",
    "refused": "accept new connections for as long as it runs",
    "slow": "see why its answers take so long",
    "stays open": "close a connection that has to be closed",
}
"""Classes that no measurement relies on have none."""


def advice(cases: Iterable[Case]) -> list[str]:
    """What to do about cases that do not conform, each once, in their order."""
    return list(dict.fromkeys(ADVICE[case.seen] for case in cases if case.seen in ADVICE))
