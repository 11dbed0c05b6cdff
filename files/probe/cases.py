"""The cases: what each sends, what conforms, and whether a measurement relies on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import awkward
import batches
from classify import Classification
from target import Target


class Case(NamedTuple):
    name: str
    title: str
    asks: str
    relied_on: bool
    run: Callable[[Target], Classification]


STREAM = (
    "A message ends where its own syntax says (RFC 9112, 2.1 and 6.3); TCP carries a stream of"
    " bytes and no boundaries (RFC 9293, 2.2), so a cut at this place means nothing."
)
CASES = (
    Case(
        "single",
        "one request after the other",
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
        "many more requests than will be measured, in one write",
        "No number of requests is named that a server may stop at (RFC 9112, 9.3.2).",
        True,
        batches.deeper,
    ),
    Case(
        "keep-alive",
        f"{batches.BATCHES} batches on one connection",
        "A connection of HTTP/1.1 persists after a response (RFC 9112, 9.3), and a server"
        " should sustain it where it can (9.5).",
        True,
        batches.keep_alive,
    ),
    Case(
        "cut-in-request-line",
        "a batch cut inside a method",
        STREAM,
        False,
        batches.cut_request_line,
    ),
    Case(
        "cut-in-header-name",
        "a batch cut inside a header's name",
        STREAM,
        False,
        batches.cut_header_name,
    ),
    Case(
        "cut-between-cr-and-lf", "a batch cut between CR and LF", STREAM, False, batches.cut_cr_lf
    ),
    Case("cut-byte-by-byte", "a batch that comes byte by byte", STREAM, False, batches.cut_bytes),
    Case(
        "close-in-mid-batch",
        "Connection: close on a request in the middle",
        "The response to it is the last: the server closes after it, should say so, and"
        " must not process what follows (RFC 9112, 9.6).",
        False,
        awkward.close_in_mid_batch,
    ),
    Case(
        "http-1.0",
        "HTTP/1.0, which does not persist",
        "Without keep-alive a connection of HTTP/1.0 closes after the response (RFC 9112, 9.3)."
        " The answer is not chunked (6.1).",
        False,
        awkward.http_1_0,
    ),
    Case(
        "http-1.0-keep-alive",
        "HTTP/1.0 that asks to persist",
        "A server may honour keep-alive and answer all, or close after the first"
        " (RFC 9112, 9.3 and C.2.2).",
        False,
        awkward.http_1_0_keep_alive,
    ),
    Case(
        "head",
        "HEAD among GETs",
        "The response to HEAD ends with its header section, whatever Content-Length says"
        " (RFC 9112, 6.3; RFC 9110, 9.3.2).",
        False,
        awkward.head,
    ),
    Case(
        "post",
        "a POST with a body among GETs",
        "The server reads the whole body, or closes after its response (RFC 9112, 9.3):"
        " a body is never the next request.",
        False,
        awkward.post,
    ),
    Case(
        "post-chunked",
        "a POST with a chunked body among GETs",
        "A recipient must be able to parse the chunked coding (RFC 9112, 7.1), reads the whole"
        " body, or closes after its response (9.3).",
        False,
        awkward.post_chunked,
    ),
    Case(
        "bad-request",
        "a bad request after good ones",
        "The good ones are answered in order (RFC 9112, 9.3.2); the bad one should be answered"
        " with 400 and the connection be closed (2.2): either will do here.",
        False,
        awkward.bad_request,
    ),
    Case(
        "half-close",
        "no more to send, and all answers wanted",
        "A client that closes its sending half still wants the responses (RFC 9112, 9.6).",
        False,
        awkward.half_close,
    ),
)
RELIED_ON = sum(case.relied_on for case in CASES)
