"""Cases of good requests alone: those that a measurement relies on, and batches that are cut."""

from __future__ import annotations

from collections.abc import Callable

from classify import Classification, classify
from request import Request, joined
from target import SETTLE_S, Target

DEEPER = 4  # times the depth that will be measured
DEEPER_AT_LEAST = 64
BATCHES = 50
CUT_PAUSE_S = 0.02  # between the pieces of a batch, so that the server reads them one by one
BYTE_PAUSE_S = 0.001


def single(target: Target) -> Classification:
    requests = target.write.alternating(2)
    with target.connect() as connection:
        for request in requests:
            if connection.end is None:
                connection.ask([request], target.timeout)
            if connection.end is None:
                connection.listen(SETTLE_S)
        if connection.end != "surplus":
            connection.asked = requests
        return classify(connection, target.timeout)


def pipelined(target: Target) -> Classification:
    return target.batch(target.write.alternating(target.depth))


def deeper(target: Target) -> Classification:
    return target.batch(target.write.mixed(max(DEEPER_AT_LEAST, DEEPER * target.depth)))


def keep_alive(target: Target) -> Classification:
    n = target.depth
    requests = target.write.mixed(BATCHES * n)
    with target.connect() as connection:
        for i in range(0, len(requests), n):
            connection.ask(requests[i : i + n], target.timeout)
            if i == 0 and connection.end is None:
                # A server that closes after a batch is to be seen doing that, not resetting
                # because of the next one.
                connection.listen(SETTLE_S)
            if connection.end is not None:
                break
        whole = len(connection.answers) // n
        if connection.end == "late" and whole:
            # A slow server is not a broken one: what it had time for is judged.
            connection.end = None
            del connection.asked[whole * n :], connection.answers[whole * n :]
            connection.reader.forget()
        elif connection.end not in (None, "surplus"):
            connection.asked = requests
    result = classify(connection, target.timeout)
    if result.conforms:
        detail = f"{result.detail} in {whole} batches"
        if whole < BATCHES:
            detail += f"; the time was up before the other {BATCHES - whole}"
        return result._replace(detail=detail)
    return result


def cut_in(find: bytes, after: int) -> Callable[[list[Request]], list[bytes]]:
    """Cut in two, in the middle request: so many bytes after what is looked for."""

    def cut(requests: list[Request]) -> list[bytes]:
        data = joined(requests)
        at = data.index(find, len(joined(requests[: len(requests) // 2]))) + after
        return [data[:at], data[at:]]

    return cut


def every_byte(requests: list[Request]) -> list[bytes]:
    data = joined(requests)
    return [data[i : i + 1] for i in range(len(data))]


def cut_request_line(target: Target) -> Classification:
    return target.batch(target.write.mixed(target.depth), cut_in(b"GET /", 2), CUT_PAUSE_S)


def cut_header_name(target: Target) -> Classification:
    return target.batch(target.write.mixed(target.depth), cut_in(b"\r\nHost", 4), CUT_PAUSE_S)


def cut_cr_lf(target: Target) -> Classification:
    return target.batch(target.write.mixed(target.depth), cut_in(b"\r\n\r\n", 3), CUT_PAUSE_S)


def cut_bytes(target: Target) -> Classification:
    return target.batch(target.write.mixed(3), every_byte, BYTE_PAUSE_S)
