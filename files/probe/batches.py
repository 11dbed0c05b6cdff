"""Cases of good requests alone, which a measurement relies on."""

from __future__ import annotations

from classify import Classification, classify
from target import SETTLE_S, Target

DEEPER = 4  # times the depth that will be measured
DEEPER_AT_LEAST = 64
BATCHES = 50


def single(target: Target) -> Classification:
    requests = target.write.alternating(2)
    with target.connect() as connection:
        for request in requests:
            if connection.end is None:
                connection.ask([request], target.patience)
            if connection.end is None:
                connection.listen(SETTLE_S)
        if connection.end != "surplus":
            connection.asked = requests
        return classify(connection, target.patience)


def pipelined(target: Target) -> Classification:
    return target.batch(target.write.alternating(target.depth))


def deeper(target: Target) -> Classification:
    return target.batch(target.write.mixed(max(DEEPER_AT_LEAST, DEEPER * target.depth)))


def keep_alive(target: Target) -> Classification:
    n = target.depth
    requests = target.write.mixed(BATCHES * n)
    with target.connect() as connection:
        for i in range(0, len(requests), n):
            connection.ask(requests[i : i + n], target.patience)
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
    result = classify(connection, target.patience)
    if result.conforms:
        detail = f"{result.detail} in {whole} batches"
        if whole < BATCHES:
            detail += f"; the time was up before the other {BATCHES - whole}"
        return result._replace(detail=detail)
    return result
