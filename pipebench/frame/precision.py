"""Whether the rounds of a run are enough, by the width of its intervals alone.

The ratio is that of requests/s to the run's reference, which is named before the run; the fastest
may be another after the next round.
"""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import structs

from pipebench.frame.measured import MeasuredCells
from pipebench.record.factors import LOAD, Cell
from pipebench.rules.rule import Outcome
from pipebench.run.cells import in_words
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedMeasurement, JudgedRun
from pipebench.stats.estimate import Estimate
from pipebench.stats.precision import Precision, precision

RATE = CellSummary.requests_per_s


class Decision(NamedTuple):
    """Whether a testbed gets no further round, and a line for the reader.

    reason: why the rounds taken are those that it gets, in words; None: it gets another.
    """

    reason: str | None
    progress: str


def decide(judged_run: JudgedRun, testbed: str, taken: int, most: int, until: float) -> Decision:
    """After so many rounds of at most so many; until: as of run_precision()."""
    enough, reason = run_precision(judged_run, testbed, until)
    place = f" on {testbed}" if len(judged_run.run.testbeds) > 1 else ""
    progress = f"After round {taken}{place}: {reason}"
    if enough:
        return Decision(reason, f"{progress}: enough")
    if taken < most:
        return Decision(None, f"{progress}: another round")
    return Decision(
        f"as many as were declared; {reason}",
        f"{progress}: no more than {taken} rounds were declared",
    )


def run_precision(judged_run: JudgedRun, testbed: str, until: float) -> Precision:
    """Look at every framework of a testbed, the A/A control too, whose rounds are all ok.

    The ceiling is not looked at. If the reference is not ok itself, the interval is that of the
    requests/s as they are. until: the width of an interval, by its median, that is narrow enough.
    """
    reference = str(judged_run.run.variables.get("bench_reference"))
    return precision(_estimates(judged_run, testbed, reference), until)


def _estimates(
    judged_run: JudgedRun, testbed: str, reference: str
) -> Iterator[tuple[str, Estimate]]:
    """What is estimated of each cell, with the cell in words."""
    measured = {
        cell: measurements
        for cell, measurements in judged_run.by_cell.items()
        if cell.testbed == testbed and _counts(judged_run, cell, measurements)
    }
    places = {cell: place for place, cell in enumerate(measured)}
    bases = {
        place: base
        for cell, place in places.items()
        if (base := places.get(structs.replace(cell, framework=reference))) is not None
    }
    rates = MeasuredCells.of(list(measured.values()), [RATE]).rounds(RATE)
    alone, ratios = rates.estimates(), rates.relative_to(bases).estimates()
    for cell, place in places.items():
        if cell.framework != reference:
            name = f"{cell.framework}, {in_words(cell, LOAD)}"
            yield name, (ratios if place in bases else alone).of(place)


def _counts(judged_run: JudgedRun, cell: Cell, measurements: list[JudgedMeasurement]) -> bool:
    """Whether a cell is looked at: all its rounds that have a result are ok, and there are some."""
    framework = judged_run.run.frameworks.get(cell.framework)
    outcomes = {one.judgement.outcome for one in measurements} - {Outcome.INVALID}
    return outcomes == {Outcome.OK} and not (framework and framework.role == "ceiling")
