"""A probe: case by case, until all were tried, the time is up, or the server is lost."""

from __future__ import annotations

import time

from cases import CASES, Case
from classify import Classification
from report import Report
from target import Target, UnreachableError


def run_case(target: Target, case: Case) -> tuple[Classification, str]:
    """Run a case: its result, and why no other can follow ("" if one can)."""
    try:
        result = case.run(target)
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


def run_probe(
    address: str, port: int, depth: int, timeout: float, names: list[str] | None = None
) -> Report:
    """Probe a server with all cases, or with those of `names`; timeout: s of silence."""
    report = Report(address, port, depth)
    stopped = ""
    chosen = [case for case in CASES if not names or case.name in names]
    try:
        target = Target(address, port, depth, timeout)
        target.connect().tcp.close()
    except UnreachableError as error:
        report.error = stopped = str(error)
    for case in chosen:
        began = time.monotonic()
        if not stopped and target.time_is_up():
            stopped = target.over
        if stopped:
            result = Classification("not probed", None, None, stopped, None)
        else:
            result, stopped = run_case(target, case)
        report.add(case, result, time.monotonic() - began)
    report.ended = time.time()
    return report
