"""A probe: case by case, until all were tried, the time is up, or the server is lost."""

from __future__ import annotations

import time

from cases import CASES, Case
from classify import Classification
from report import Report
from request import Contract
from target import Order, Target, UnreachableError

ANY_STATUS = frozenset(range(200, 600))


def run_case(target: Target, case: Case) -> tuple[Classification, str]:
    """Run a case: its result, and why no other can follow ("" if one can)."""
    target.be_patient(case.relied_on)
    try:
        result = case.run(target)
        target.has_seen(result)
    except UnreachableError as error:
        if target.time_is_up():
            return Classification("not probed", None, None, target.over, None), target.over
        result = Classification("refused", None, None, str(error), False)
    if case.name == "single" and not result.answered and result.label != "closes":
        return result, f"not one request was answered ({result.label})"
    after = target.aftermath()
    if not after.sentence:
        return result, ""
    detail = f"{result.detail}; {after.sentence}"
    result = result._replace(label=after.label, detail=detail, conforms=False)
    return result, "" if after.answers else f"since {case.name} {after.sentence}"


def run_probe(order: Order) -> Report:
    """Probe a server with all cases, or with those that are named."""
    stopped = error = ""
    chosen = [case for case in CASES if not order.cases or case.name in order.cases]
    try:
        target = Target(order)
        target.connect().tcp.close()
        if order.any_answer:
            target.write.contract = learnt(target, order.contract.path)
    except UnreachableError as unreachable:
        error = stopped = str(unreachable)
    report = Report(order.address, order.port, order.depth, error=error or None)
    for case in chosen:
        began = time.monotonic()
        if not stopped and target.time_is_up():
            stopped = target.over
        if stopped:
            result = Classification("not probed", None, None, stopped, None)
        else:
            result, stopped = run_case(target, case)
        report.add(case, result, time.monotonic() - began)
    if not error:
        report.seed = target.write.seed
    report.ended = time.time()
    return report


def learnt(target: Target, path: str) -> Contract:
    """What a server of any kind answers to a path, and to paths that nobody has."""
    statuses = []
    for missing in (False, True):
        anything = Contract(path, ANY_STATUS, None, None, ANY_STATUS)
        target.write.contract = anything
        with target.connect() as connection:
            connection.ask([target.write.get(missing=missing)], target.timeout)
            if not connection.answers:
                asked = "a path that is missing" if missing else path
                how = connection.end or "nothing"
                raise UnreachableError(f"GET of {asked} is not answered ({how})")
            statuses.append(frozenset({connection.answers[0].status}))
    return Contract(path, statuses[0], None, None, statuses[1])
