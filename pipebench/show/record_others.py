"""Records of a probe, a cross-check and a path for a person: see record.py."""

from collections.abc import Iterator

from pipebench.measure.measurement import Measurement
from pipebench.record.schema import Case
from pipebench.rules.conformance import Probe
from pipebench.rules.path_capacity import DIRECTIONS, Capacity, PathCapacity
from pipebench.show import formats
from pipebench.show.layout import section, wrapped
from pipebench.show.record_measurement import cell_words

Pairs = Iterator[tuple[str, str]]


def probe(seen: Probe) -> str:
    """The cases that do not conform, and how many there are."""
    testbed, framework, workers = seen.server
    of = f"{framework} on testbed {testbed}, {workers} worker{'' if workers == 1 else 's'}"
    parts = [f"Probe of {of}"]
    if seen.harness_fault:
        parts.append(wrapped(f"Harness fault: {seen.harness_fault}"))
    if seen.why:
        parts.append(wrapped(f"Not probed: {seen.why}"))
    if seen.cases:
        parts.append(_cases(seen.cases))
    return "\n\n".join(parts)


def _cases(cases: list[Case]) -> str:
    wrong = [case for case in cases if case.conforms is False]
    unknown = [case.name for case in cases if case.conforms is None]
    right = len(cases) - len(wrong) - len(unknown)
    heading = f"{right} of {len(cases)} cases conform"
    said = [(case.name, _case(case)) for case in wrong]
    if unknown:
        said.append(("not known", ", ".join(unknown)))
    return section(f"{heading}; these do not:" if wrong else heading, said)


def _case(case: Case) -> str:
    weight = " (a measurement relies on it)" if case.relied_on else ""
    return f"{case.seen}: {case.detail}{weight}"


def crosscheck(check: Measurement) -> str:
    """Rate and latency that the other tool saw."""
    where = f"round {check.round}" if check.round else "at a constant rate"
    return "\n\n".join(
        [
            f"Cross-check with {check.tool}, {where}: {check.file}",
            section("What was run", _was_run(check)),
            section("What came out", _came_out(check)),
        ]
    )


def _was_run(check: Measurement) -> Pairs:
    yield "cell", cell_words(check.cell)
    if check.rate:
        yield "rate", f"{formats.integer(check.rate)} requests/s wanted"
    if check.ended:
        yield "when", f"ended {check.ended:%Y-%m-%d %H:%M:%S} UTC"


def _came_out(check: Measurement) -> Pairs:
    yield "problem", _problem(check)
    totals, kept = check.totals, check.rate_kept
    if totals is None:
        return
    per_s = kept.achieved_per_s if kept else totals.requests_per_s
    if per_s is not None:
        share = f" ({per_s / check.rate:.3f} of the wanted rate)" if check.rate else ""
        yield "requests/s", f"{formats.integer(per_s)}{share}"
    yield "answered", f"{totals.requests:,} in {totals.duration_s:.2f} s"
    if latency := totals.latency:
        points = ("mean", "p50", "p75", "p90", "p99", "max")
        values = (f"{name} {formats.us(getattr(latency, f'{name}_us'))}" for name in points)
        yield "request latency", ", ".join(values)
    if kept and kept.send_lag_us is not None:
        yield "late by", f"{formats.us(kept.send_lag_us)} at most, the sender"
    if check.server_cpu_us_per_request is not None:
        yield "server CPU", f"{formats.us(check.server_cpu_us_per_request)} a request"


def _problem(check: Measurement) -> str:
    problem = check.harness_fault or check.unusable or check.tool_problem
    return problem or ("" if check.totals else f"{check.tool} did not run")


def path_capacity(path: PathCapacity) -> str:
    """What the path carried in each direction, or why that is not known."""
    said = []
    for direction in DIRECTIONS:
        bits = _carried(path.bytes.get(direction), 8 / 1e6, "Mbit/s")
        packets = _carried(path.packets.get(direction), 1, "packets/s")
        said.append((direction.replace("_", " the "), f"{bits}, {packets}"))
    said += [("problem", problem) for problem in path.problems]
    return section(f"Path capacity of testbed {path.testbed}", said)


def _carried(capacity: Capacity | None, factor: float, unit: str) -> str:
    if capacity is None:
        return f"an unknown number of {unit}"
    least = " at least" if capacity.at_least else ""
    return f"{formats.integer(capacity.per_s * factor)} {unit}{least}"
