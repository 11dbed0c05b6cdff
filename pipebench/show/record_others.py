"""Records of a probe, a cross-check and a path for a person: see record.py."""

from collections.abc import Iterator

from pipebench.chapters.crosscheck import Check, Execution, achieved, send_lag_us
from pipebench.rules.conformance import Case, Probe
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


def crosscheck(check: Check) -> str:
    """Rate and latency that the other tool saw."""
    where = f"round {check.round}" if check.round else "at a constant rate"
    return "\n\n".join(
        [
            f"Cross-check with h2load, {where}: {check.file}",
            section("What was run", _was_run(check)),
            section("What came out", _came_out(check)),
        ]
    )


def _was_run(check: Check) -> Pairs:
    yield "cell", cell_words(check.cell)
    if check.rate:
        yield "rate", f"{formats.integer(check.rate)} requests/s wanted"
    if check.ended:
        yield "when", f"ended {check.ended:%Y-%m-%d %H:%M:%S} UTC"


def _came_out(check: Check) -> Pairs:
    yield "problem", check.problem or ""
    if check.execution is None:
        return
    execution, per_s = check.execution, _rate(check, check.execution)
    if per_s is not None:
        kept = f" ({per_s / check.rate:.3f} of the wanted rate)" if check.rate else ""
        yield "requests/s", f"{formats.integer(per_s)}{kept}"
    yield "answered", f"{execution.responses:,} in {execution.seconds:.2f} s"
    if latency := execution.latency:
        points = ("mean", "p50", "p75", "p90", "p99", "max")
        told = (f"{name} {formats.us(getattr(latency, f'{name}_us'))}" for name in points)
        yield "request latency", ", ".join(told)
    if check.rate:
        yield "late by", f"{formats.us(send_lag_us(execution, check.rate))} at most, the sender"
    if check.server_cpu_us is not None and execution.responses:
        yield "server CPU", f"{formats.us(check.server_cpu_us / execution.responses)} a request"


def _rate(check: Check, execution: Execution) -> float | None:
    if check.rate:
        return achieved(execution)
    return execution.responses / execution.seconds if execution.seconds else None


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
