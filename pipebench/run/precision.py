"""Whether a run's rounds are enough, by the width of its intervals alone.

What is looked at is how wide an interval is, never where it lies: a run that went on until a
difference showed would find one. The ratio is that of requests/s to the run's reference, which is
named before the run; the fastest may be another after the next round.
"""

from dataclasses import dataclass

from pipebench.rules.outcome import Outcome
from pipebench.run.judge import JudgedRun
from pipebench.stats.estimate import estimate, ratios

Group = tuple[int, int, int]
"""Workers, depth, connections."""


@dataclass(frozen=True, slots=True)
class Precision:
    """enough: no further round is needed; reason: in words, with the widest interval."""

    enough: bool
    reason: str


def precision(judged_run: JudgedRun, testbed: str, until: float) -> Precision:
    """Look at every framework of a testbed, the A/A control too, whose rounds are all ok.

    The ceiling is no subject of precision. Where the reference is not ok itself, the interval is
    that of the requests/s as they are.
    """
    reference = str(judged_run.run.variables.get("bench_reference"))
    widths: list[tuple[float, str]] = []
    for (_, depth, connections), rates in _rates(judged_run, testbed).items():
        base = rates.pop(reference, None)
        for name, own in rates.items():
            found = estimate(ratios(own, base) if base else list(own.values()))
            width = found.relative_width if found else None
            where = f"{name}, depth {depth}, {connections} connections"
            if width is None:
                return Precision(False, f"{where} has no interval yet")
            widths.append((width, where))
    if not widths:
        return Precision(True, "there is nothing whose interval could be made narrower")
    widest, where = max(widths)
    told = f"the widest interval is {widest:.1%} of its ratio ({where})"
    if widest <= until:
        return Precision(True, f"{told}, at most the {until:.1%} declared")
    return Precision(False, f"{told}, above the {until:.1%} declared")


def _rates(judged_run: JudgedRun, testbed: str) -> dict[Group, dict[str, dict[int, float]]]:
    """requests/s by cell group, framework and round, of the frameworks that are ok."""
    rates: dict[Group, dict[str, dict[int, float]]] = {}
    bad: set[tuple[Group, str]] = set()
    for judged in judged_run.measurements:
        cell, totals = judged.measurement.cell, judged.measurement.totals
        framework = judged_run.run.frameworks.get(cell.framework)
        if cell.testbed != testbed or (framework and framework.role == "ceiling"):
            continue
        group = (cell.workers, cell.depth, cell.connections)
        if judged.judgement.outcome == Outcome.OK and totals:
            own = rates.setdefault(group, {}).setdefault(cell.framework, {})
            own[judged.measurement.round] = totals.requests_per_s
        elif judged.judgement.outcome != Outcome.INVALID:
            bad.add((group, cell.framework))
    return {
        group: {name: own for name, own in of.items() if (group, name) not in bad}
        for group, of in rates.items()
    }
