"""Cases of one awkward request among good ones: what the server does with it and with them."""

from __future__ import annotations

from classify import Classification, classify
from request import Request, joined
from target import SETTLE_S, Target

FEW = 5  # requests of a case


def close_in_mid_batch(target: Target) -> Classification:
    write = target.write
    good = write.mixed(FEW)
    middle = FEW // 2
    asked = [*good[:middle], write.get(fields="Connection: close\r\n")]
    return must_close(target, asked, joined(asked + good[middle + 1 :]))


def http_1_0(target: Target) -> Classification:
    requests = target.write.mixed(1, version="1.0")
    return must_close(target, requests, joined(requests))


def must_close(target: Target, asked: list[Request], data: bytes) -> Classification:
    """More is sent than may be answered: the last one that is asked ends the connection."""
    n = len(asked)
    with target.connect() as connection:
        connection.ask(asked, target.timeout, [data])
        if connection.end is None:
            connection.listen(target.timeout)
        result = classify(connection, target.timeout)
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
    # A body that looks like a request: a server that does not read it as a body answers it.
    content = target.write.get().data
    return with_content(target, target.write.post(f"Content-Length: {len(content)}\r\n", content))


def post_chunked(target: Target) -> Classification:
    content = target.write.get().data
    middle = len(content) // 2
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(part), part) for part in (content[:middle], content[middle:], b"")
    )
    return with_content(target, target.write.post("Transfer-Encoding: chunked\r\n", chunks))


def with_content(target: Target, request: Request) -> Classification:
    write = target.write
    before = [write.get(), request]
    result = target.batch([*before, write.get(missing=True), write.get()])
    if result.gone and result.answered == len(before):
        detail = f"{result.detail}: a body that is not wanted need not be read"
        return result._replace(conforms=True, detail=detail)
    return result


def bad_request(target: Target) -> Classification:
    good = target.write.mixed(FEW - 1)
    bad = Request(b"this is no request\r\n\r\n", "the bad request", frozenset(range(400, 600)))
    with target.connect() as connection:
        connection.ask([*good, bad], target.timeout)
        if connection.end is None:
            connection.listen(SETTLE_S)
        result = classify(connection, target.timeout)
        if result.gone and result.answered == len(good):
            return result._replace(conforms=True)
        if result.label == "full":
            status = f"the bad one with status {connection.answers[-1].status}"
            return result._replace(detail=f"{result.detail}; {status}")
        return result


def half_close(target: Target) -> Classification:
    return target.batch(target.write.mixed(FEW), shut=True)
