"""Records of a probe and of a path for a person: see record.py."""

from pipebench.record.factors import PLACE, ProbedServer, factors_in
from pipebench.record.schema import Case
from pipebench.rules.conformance import Conformance
from pipebench.rules.path_capacity import DIRECTIONS, Capacity, PathCapacity
from pipebench.show import formats
from pipebench.show.layout import section, wrapped


def probe(seen: Conformance) -> str:
    """The cases that do not conform, and how many there are."""
    server = seen.server
    words = [factor.said(server) for factor in PLACE if factor in factors_in(ProbedServer)]
    parts = [f"Probe of {server.framework} on testbed {', '.join([server.testbed, *words])}"]
    if seen.harness_fault:
        parts.append(wrapped(f"Harness fault: {seen.harness_fault}"))
    if seen.why:
        parts.append(wrapped(f"Not probed: {seen.why}"))
    if seen.cases:
        parts.append(cases_in_words(seen.cases))
    return "\n\n".join(parts)


def cases_in_words(cases: list[Case]) -> str:
    """How many conform, and how those went that do not."""
    wrong = [case for case in cases if case.conforms is False]
    unknown = [case.name for case in cases if case.conforms is None]
    conforming = len(cases) - len(wrong) - len(unknown)
    heading = f"{conforming} of {len(cases)} cases conform"
    lines = [(case.name, _case(case)) for case in wrong]
    if unknown:
        lines.append(("not known", ", ".join(unknown)))
    return section(f"{heading}; these do not:" if wrong else heading, lines)


def _case(case: Case) -> str:
    weight = " (a measurement relies on it)" if case.relied_on else ""
    return f"{case.seen}: {case.detail}{weight}"


def path_capacity(path: PathCapacity) -> str:
    """The path capacity in each direction, or why it is not known."""
    lines = []
    for direction in DIRECTIONS:
        bits = _carried(path.bytes.get(direction), 8 / 1e6, "Mbit/s")
        packets = _carried(path.packets.get(direction), 1, "packets/s")
        lines.append((direction.replace("_", " the "), f"{bits}, {packets}"))
    lines += [("problem", problem) for problem in path.problems]
    return section(f"Path capacity of testbed {path.testbed}", lines)


def _carried(capacity: Capacity | None, factor: float, unit: str) -> str:
    if capacity is None:
        return f"an unknown number of {unit}"
    least = " at least" if capacity.at_least else ""
    return f"{formats.integer(capacity.per_s * factor)} {unit}{least}"
