"""Cases of batches that are cut: TCP carries bytes, so that no cut means anything.

Each piece travels by itself: no Nagle, and a pause between two. A network may still join them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from awkward import closed_after_content, post_of, post_of_chunks
from classify import Classification, classify
from request import Request, joined
from target import Target, UnreachableError

FEW = 3  # requests of a batch that is cut everywhere
PAUSE_S = 0.005  # between two pieces, so that the server reads them one by one
BYTE_PAUSE_S = 0.001
EVERY_S = 0.002  # between two batches, or as long as one takes: they must not pile up
AT_ONCE = 32  # batches under way: one that is not answered must not hold the others up
SHARE = 0.75  # of a timeout for one sweep; a server that is slow is cut at fewer places
SEGMENTS = (1448, 1460, 1428, 1440)
"""Bytes that a network of MTU 1500 carries at once: IPv4 and IPv6, with TCP's timestamps or not."""
SEGMENTED = 64  # requests

Judge = Callable[[Classification], Classification]


def as_it_is(result: Classification) -> Classification:
    return result


def cut_bytes(target: Target) -> Classification:
    def every_byte(requests: list[Request]) -> list[bytes]:
        data = joined(requests)
        return [data[i : i + 1] for i in range(len(data))]

    return target.batch(target.write.mixed(FEW), every_byte, BYTE_PAUSE_S)


def cut_everywhere(target: Target) -> Classification:
    requests = target.write.mixed(FEW)
    return sweep(target, requests, range(1, len(joined(requests))), as_it_is)


def cut_in_content(target: Target) -> Classification:
    return sweep_content(target, post_of(target))


def cut_in_chunks(target: Target) -> Classification:
    return sweep_content(target, post_of_chunks(target))


def sweep_content(target: Target, request: Request) -> Classification:
    """Cut at each byte of a content, and before and behind it."""
    write = target.write
    before = write.get()
    requests = [before, request, write.get(missing=True), write.get()]
    begins = len(before.data) + request.data.index(b"\r\n\r\n") + 4
    ends = len(before.data) + len(request.data)
    return sweep(
        target, requests, range(begins, ends + 1), lambda seen: closed_after_content(seen, 2)
    )


def sweep(target: Target, requests: list[Request], places: range, judge: Judge) -> Classification:
    """Cut a batch in two at each of these places, each time on a new connection."""
    began = time.monotonic()
    whole = judge(target.batch(requests))
    if whole.conforms is not True:
        return whole._replace(detail=f"without a cut: {whole.detail}")
    every = max(EVERY_S, whole_s(target, requests))
    until = min(target.deadline, began + SHARE * target.timeout)
    order = list(places)
    target.write.random.shuffle(order)  # if the time is up, those that were tried lie everywhere
    data = joined(requests)
    tried: dict[int, Future[Classification]] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for place in order:
            if time.monotonic() >= until:
                break
            tried[place] = pool.submit(cut_at, target, requests, data, place)
            time.sleep(every)
    results = {place: judge(one.result()) for place, one in sorted(tried.items())}
    return summary(results, len(places), len(requests), data)


def whole_s(target: Target, requests: list[Request]) -> float:
    """How long a batch takes that is not cut, s."""
    with target.connect() as connection:
        began = time.monotonic()
        connection.ask(requests, target.patience)
        return time.monotonic() - began


def cut_at(target: Target, requests: list[Request], data: bytes, place: int) -> Classification:
    try:
        with target.connect() as connection:
            connection.ask(requests, target.patience, [data[:place], data[place:]], PAUSE_S)
            return classify(connection, target.patience)
    except UnreachableError as error:
        return Classification("refused", 0, len(requests), str(error), False)


def summary(
    results: dict[int, Classification], places: int, each: int, data: bytes
) -> Classification:
    """All cuts as one classification, with the offsets of those that were not answered well."""
    wrong = [place for place, one in results.items() if one.conforms is False]
    count = f"{len(results)} cuts"
    if len(results) < places:
        count += f" (there was no time for {places - len(results)} others)"
    answered = sum(one.answered or 0 for one in results.values())
    expected = each * len(results)
    if not wrong:
        if not results:
            return Classification("slow", 0, 0, "no time for one cut", None, offsets=[])
        detail = f"all was answered at {count}"
        return Classification("full", answered, expected, detail, True, offsets=[])
    first = results[wrong[0]]
    where = f"{data[max(0, wrong[0] - 12) : wrong[0]]!r} and {data[wrong[0] : wrong[0] + 12]!r}"
    detail = (
        f"{len(wrong)} of {count} failed, at bytes {ranges(wrong)}; between {where}: {first.detail}"
    )
    return Classification(first.label, answered, expected, detail, False, offsets=wrong)


def ranges(places: list[int]) -> str:
    """Sorted numbers in short: 1, 4 to 6."""
    parts: list[list[int]] = []
    for place in places:
        if parts and parts[-1][1] == place - 1:
            parts[-1][1] = place
        else:
            parts.append([place, place])
    return ", ".join(str(one) if one == last else f"{one} to {last}" for one, last in parts)


def cut_in_segments(target: Target) -> Classification:
    """Large batches, one of wrk's and one that is mixed, in pieces as a network makes them."""
    write = target.write
    for size in SEGMENTS:
        for requests in ([write.get()] * SEGMENTED, write.mixed(SEGMENTED)):
            result = target.batch(requests, pieces_of(size), PAUSE_S)
            if result.conforms is not True:
                return result._replace(detail=f"in pieces of {size:,} bytes: {result.detail}")
    return result


def pieces_of(size: int) -> Callable[[list[Request]], list[bytes]]:
    def cut(requests: list[Request]) -> list[bytes]:
        data = joined(requests)
        return [data[at : at + size] for at in range(0, len(data), size)]

    return cut
