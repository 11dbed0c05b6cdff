"""Cases of one awkward request among good ones: what the server does with it and with them."""

from __future__ import annotations

from classify import Classification, classify
from request import Request, joined
from target import SETTLE_S, Target

FEW = 5  # requests of a case
HALF_CLOSES = 20  # tries: whether all is answered is a matter of chance with some servers
HALF_CLOSE_PAUSES_S = (0.0, 0.001, 0.005)  # before the end, which may be read with the requests


def close_on_first(target: Target) -> Classification:
    return close_on(target, 0)


def close_in_mid_batch(target: Target) -> Classification:
    return close_on(target, FEW // 2)


def close_on_last(target: Target) -> Classification:
    return close_on(target, FEW - 1)


def close_on(target: Target, place: int) -> Classification:
    write = target.write
    good = write.mixed(FEW)
    asked = [*good[:place], write.get(fields="Connection: close\r\n")]
    return must_close(target, asked, joined(asked + good[place + 1 :]))


def http_1_0(target: Target) -> Classification:
    requests = target.write.mixed(1, version="1.0")
    return must_close(target, requests, joined(requests))


def http_1_0_in_mid_batch(target: Target) -> Classification:
    write = target.write
    good = write.mixed(FEW)
    asked = [*good[: FEW // 2], write.get(version="1.0")]
    return must_close(target, asked, joined(asked + good[FEW // 2 + 1 :]))


def must_close(target: Target, asked: list[Request], data: bytes) -> Classification:
    """More is sent than may be answered: the last one that is asked ends the connection."""
    n = len(asked)
    with target.connect() as connection:
        connection.ask(asked, target.patience, [data])
        if connection.end is None:
            connection.listen(target.patience)
        result = classify(connection, target.patience)
        if result.label == "full" and connection.end is None:
            detail = f"{result.detail}, then neither closed nor said anything"
            return result._replace(label="stays open", detail=detail, conforms=False)
        if result.label == "too many":
            detail = f"went on answering after answer {n}, which was to be the last"
            return result._replace(detail=detail)
        marked = connection.answers and connection.answers[-1].close
        if result.label == "full" and not marked and asked[-1].version == "1.1":
            return result._replace(detail=f"{result.detail} without having said so")
        return result


def http_1_0_keep_alive(target: Target) -> Classification:
    requests = target.write.mixed(FEW, "Connection: keep-alive\r\n", "1.0")
    result = target.batch(requests)
    if result.gone and result.answered:
        return result._replace(conforms=True, detail=f"{result.detail}: keep-alive is an offer")
    return result


def head(target: Target) -> Classification:
    write = target.write
    return target.batch(
        [write.get(), write.head(), write.get(missing=True), write.head(), write.get()]
    )


def post(target: Target) -> Classification:
    return with_content(target, post_of(target))


def post_chunked(target: Target) -> Classification:
    return with_content(target, post_of_chunks(target))


def post_of(target: Target) -> Request:
    # A body that looks like a request: a server that does not read it as a body answers it.
    content = target.write.get().data
    return target.write.post(f"Content-Length: {len(content)}\r\n", content)


def post_of_chunks(target: Target) -> Request:
    content = target.write.get().data
    middle = len(content) // 2
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(part), part) for part in (content[:middle], content[middle:], b"")
    )
    return target.write.post("Transfer-Encoding: chunked\r\n", chunks)


def with_content(target: Target, request: Request) -> Classification:
    write = target.write
    before = [write.get(), request]
    result = target.batch([*before, write.get(missing=True), write.get()])
    return closed_after_content(result, len(before))


def closed_after_content(result: Classification, answered: int) -> Classification:
    """A server that has answered so many, the last one of a request with content, may close."""
    if result.gone and result.answered == answered:
        detail = f"{result.detail}: a body that is not wanted need not be read"
        return result._replace(conforms=True, detail=detail)
    return result


def bad_request(target: Target) -> Classification:
    good = target.write.mixed(FEW - 1)
    bad = Request(b"this is no request\r\n\r\n", "the bad request", frozenset(range(400, 600)))
    with target.connect() as connection:
        connection.ask([*good, bad], target.patience)
        if connection.end is None:
            connection.listen(SETTLE_S)
        result = classify(connection, target.patience)
        if result.gone and result.answered == len(good):
            return result._replace(conforms=True)
        if result.label == "full":
            status = f"the bad one with status {connection.answers[-1].status}"
            return result._replace(detail=f"{result.detail}; {status}")
        return result


def half_close(target: Target) -> Classification:
    """Try it often: with some servers it is a race."""
    tries: list[Classification] = []
    while len(tries) < HALF_CLOSES:
        pause = HALF_CLOSE_PAUSES_S[len(tries) % len(HALF_CLOSE_PAUSES_S)]
        tries.append(half_close_once(target, pause))
        if tries[-1].label in ("hangs", "partial", "slow"):  # each such try takes all the patience
            break
    failed = [one for one in tries if one.conforms is not True]
    if not failed:
        return tries[0]
    if len(failed) == len(tries):
        return failed[0]
    good = len(tries) - len(failed)
    detail = f"all were answered in {good} of {len(tries)} tries; else: {failed[0].detail}"
    return failed[0]._replace(detail=detail)


def half_close_once(target: Target, pause: float) -> Classification:
    requests = target.write.mixed(FEW)
    with target.connect() as connection:
        # the second part is empty: the end comes that much later
        connection.ask(requests, target.patience, [joined(requests), b""], pause, shut=True)
        return classify(connection, target.patience)


def half_of_the_next(target: Target) -> Classification:
    """The last request comes in two halves: the others are not to wait for the second one."""
    *whole, last = target.write.mixed(FEW)
    middle = len(last.data) // 2
    with target.connect() as connection:
        connection.ask(whole, target.patience, [joined(whole) + last.data[:middle]])
        early = len(connection.answers)
        if connection.end == "silent":
            connection.end = None
        connection.ask([last], target.patience, [last.data[middle:]])
        if connection.end is None:
            connection.listen(SETTLE_S)
        result = classify(connection, target.patience)
    held = len(whole) - early
    if held > 0 and result.conforms:
        detail = f"{held} of {len(whole)} answers came only once the next request was whole"
        return result._replace(label="held back", detail=detail, conforms=False)
    return result
