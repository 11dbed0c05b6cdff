"""The cases: what each sends, what conforms, and whether a measurement relies on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import awkward
import batches
import cuts
import drawn
import unread
from classify import Classification
from target import Target


class Case(NamedTuple):
    """title: what is sent. asks: what conforms, and where that stands."""

    name: str
    title: str
    asks: str
    relied_on: bool
    run: Callable[[Target], Classification]


STREAM = (
    "A message ends where its own syntax says (RFC 9112, 2.1 and 6.3); TCP carries a stream of"
    " bytes and no boundaries (RFC 9293, 2.2), so a cut means nothing."
)
LAST = (
    "The response to it is the last: the server closes after it, should say so, and must not"
    " process what follows (RFC 9112, 9.6)."
)
READ_OR_CLOSE = (
    "The server reads the whole body, or closes after its response (RFC 9112, 9.3): a body is"
    " never the next request."
)
CASES = (
    Case(
        "single",
        "a GET, and after its answer another",
        "A connection of HTTP/1.1 persists after a response (RFC 9112, 9.3)."
        " The contract of a framework: GET / is 200, text/plain, the exact body; others are 404.",
        True,
        batches.single,
    ),
    Case(
        "pipelined",
        "as many requests as will be measured, in one write",
        "Responses to pipelined requests come in the order of the requests (RFC 9112, 9.3.2).",
        True,
        batches.pipelined,
    ),
    Case(
        "pipelined-deeper",
        f"{batches.DEEPER} times as many, at least {batches.DEEPER_AT_LEAST}, in one write",
        "The same: no number of requests is named that a server may stop at (RFC 9112, 9.3.2).",
        True,
        batches.deeper,
    ),
    Case(
        "keep-alive",
        f"{batches.BATCHES} batches on one connection, each after the answers to the last",
        "A connection of HTTP/1.1 persists after a response (RFC 9112, 9.3), and a server"
        " should sustain it where it can (9.5).",
        True,
        batches.keep_alive,
    ),
    Case(
        "drawn-heads",
        f"{drawn.BATCHES} batches of {drawn.REQUESTS}, whose paths, and names, values, order and"
        " spelling of header fields, are drawn",
        "Names of fields are case-insensitive, their order and optional white space mean nothing"
        " (RFC 9112, 5; RFC 9110, 5.1 and 5.3).",
        True,
        drawn.heads,
    ),
    Case(
        "drawn-bodies",
        f"{drawn.BATCHES} times a POST, PUT or PATCH among GETs, with a body of blank lines and"
        " whole requests, which are drawn",
        READ_OR_CLOSE,
        True,
        drawn.contents,
    ),
    Case(
        "cut-at-every-byte",
        f"a batch of {cuts.FEW} requests in two writes, cut at each of its bytes, each time on a"
        " connection of its own",
        STREAM,
        False,
        cuts.cut_everywhere,
    ),
    Case(
        "cut-byte-by-byte",
        f"{cuts.FEW} requests, a write for each byte",
        STREAM,
        False,
        cuts.cut_bytes,
    ),
    Case(
        "cut-as-a-network-cuts",
        f"{cuts.SEGMENTED} requests in pieces of {', '.join(map(str, cuts.SEGMENTS[:-1]))} and"
        f" {cuts.SEGMENTS[-1]} bytes, as a network of MTU 1500 carries them",
        STREAM,
        False,
        cuts.cut_in_segments,
    ),
    Case(
        "cut-in-body",
        "a POST among GETs, cut in two at each byte of its body",
        STREAM,
        False,
        cuts.cut_in_content,
    ),
    Case(
        "cut-in-chunks",
        "the same with a chunked body",
        STREAM,
        False,
        cuts.cut_in_chunks,
    ),
    Case(
        "half-of-the-next",
        f"{awkward.FEW} requests, the last of them in two writes, cut in the middle: the second"
        " one only once the others are answered",
        "A request is whole where its own syntax says (RFC 9112, 6.3): its response does not wait"
        " for more bytes.",
        False,
        awkward.half_of_the_next,
    ),
    Case(
        "close-on-first",
        f"Connection: close on the first of {awkward.FEW} requests",
        LAST,
        False,
        awkward.close_on_first,
    ),
    Case(
        "close-in-mid-batch",
        "the same on one in the middle",
        LAST,
        False,
        awkward.close_in_mid_batch,
    ),
    Case(
        "close-on-last",
        "the same on the last",
        LAST,
        False,
        awkward.close_on_last,
    ),
    Case(
        "http-1.0",
        "a request of HTTP/1.0",
        "Without keep-alive a connection of HTTP/1.0 closes after the response (RFC 9112, 9.3)."
        " The answer is not chunked (6.1).",
        False,
        awkward.http_1_0,
    ),
    Case(
        "http-1.0-in-mid-batch",
        f"a request of HTTP/1.0 in the middle of {awkward.FEW}",
        "The response to it is the last, and the connection closes (RFC 9112, 9.3).",
        False,
        awkward.http_1_0_in_mid_batch,
    ),
    Case(
        "http-1.0-keep-alive",
        f"{awkward.FEW} requests of HTTP/1.0 that ask for a persistent connection",
        "A server may honour keep-alive, say so and answer all, or close after a response"
        " (RFC 9112, 9.3 and C.2.2).",
        False,
        awkward.http_1_0_keep_alive,
    ),
    Case(
        "head",
        "two HEADs among three GETs",
        "The response to HEAD ends with its header section, whatever Content-Length says"
        " (RFC 9112, 6.3; RFC 9110, 9.3.2).",
        False,
        awkward.head,
    ),
    Case(
        "post",
        "a POST among GETs, with a body that looks like a request",
        READ_OR_CLOSE,
        False,
        awkward.post,
    ),
    Case(
        "post-chunked",
        "the same with a chunked body",
        f"A recipient must be able to parse the chunked coding (RFC 9112, 7.1). {READ_OR_CLOSE}",
        False,
        awkward.post_chunked,
    ),
    Case(
        "bad-request",
        f"a line that is not a request after {awkward.FEW - 1} GETs",
        "The good ones are answered in order (RFC 9112, 9.3.2); the bad one should be answered"
        " with 400 and the connection be closed (2.2): either will do here.",
        False,
        awkward.bad_request,
    ),
    Case(
        "half-close",
        f"{awkward.FEW} requests, then the sending half is closed; {awkward.HALF_CLOSES} times",
        "A client that closes its sending half still wants the responses (RFC 9112, 9.6).",
        False,
        awkward.half_close,
    ),
    Case(
        "unread",
        f"at most {unread.MOST_REQUESTS:,} requests of a client that reads nothing, and now and"
        " then one on another connection",
        "TCP says when a client takes no more (RFC 9293, 3.8.6): the server stops reading, so that"
        " its memory is bounded, and serves the others. No RFC on HTTP requires it.",
        False,
        unread.unread,
    ),
)
RELIED_ON = sum(case.relied_on for case in CASES)


def as_table() -> str:
    """All cases as a table in Markdown, as docs/probe.md has it."""
    rows = [
        f"| `{case.name}`{' *' if case.relied_on else ''} | {case.title} | {case.asks} |"
        for case in CASES
    ]
    return "\n".join(["| case | sent | conforms |", "| --- | --- | --- |", *rows, ""])
