"""--fail-if-slower: whether a comparison shows a loss, excludes it, or can do neither."""

from dataclasses import dataclass
from enum import IntEnum

from pipebench.compare.runs import Compared, ComparedCell, ComparedFigure, Pair, Verdict
from pipebench.rules.outcome import Outcome
from pipebench.show import formats


class Status(IntEnum):
    """Exit statuses, the weightiest first; the numbers are those of ceph/cbt's is-regression.py."""

    SLOWER = 10
    NOT_COMPARABLE = 13
    TOO_FEW_ROUNDS = 12
    TOO_MUCH_VARIANCE = 11
    PASSED = 0


WORDS = {
    Status.SLOWER: "slower",
    Status.NOT_COMPARABLE: "not comparable",
    Status.TOO_FEW_ROUNDS: "too few rounds",
    Status.TOO_MUCH_VARIANCE: "too much variance",
}


@dataclass(frozen=True, slots=True)
class Gate:
    """status: the weightiest of all cells looked at; sentences: one for each that did not pass."""

    status: Status
    looked_at: int
    sentences: list[str]


def gate(compared: Compared, loss: float, *, to_ceiling: bool = False) -> Gate:
    """Look at the requests/s of every framework that is ok in the base, in every other run.

    The ceiling and the A/A control are none. loss: share of the base's requests/s, 0.05 for 5 %.
    to_ceiling: both runs' requests/s by those of their ceiling, so that the machine counts less.
    A run that could not be compared at all counts as not comparable: nothing was seen of it.
    """
    found: list[tuple[Status, str]] = []
    looked_at = 0
    for pair in compared.pairs:
        rows = [
            row for row in pair.rows if row.role == "framework" and row.outcome_base == Outcome.OK
        ]
        looked_at += len(rows)
        for row in rows:
            figure = row.to_ceiling if to_ceiling else row.requests_per_s
            what = "share of the ceiling" if to_ceiling else "requests/s"
            status, why = judge(figure, what, loss)
            if status != Status.PASSED:
                found.append((status, f"{WORDS[status]}: {_name(pair, row)}: {why}"))
    if not looked_at:
        nothing = "there is no framework that is ok in the base"
        found.append((Status.NOT_COMPARABLE, f"{WORDS[Status.NOT_COMPARABLE]}: {nothing}"))
    found += [
        (Status.NOT_COMPARABLE, f"{WORDS[Status.NOT_COMPARABLE]}: {problem}")
        for problem in compared.not_compared
    ]
    order = list(Status)
    found.sort(key=lambda one: order.index(one[0]))
    return Gate(
        found[0][0] if found else Status.PASSED, looked_at, [sentence for _, sentence in found]
    )


def judge(figure: ComparedFigure, what: str, loss: float) -> tuple[Status, str]:
    """One cell, and why. what: the figure's name in a sentence.

    Slower: the verdict says so, and the ratio is below 1 - loss. Passed: the interval's lower end
    is not below 1 - loss. Neither: the interval, or the noise floor, is too wide to tell.
    """
    ratio, low, floor = figure.ratio.value, figure.ratio.low, figure.noise_floor
    if figure.verdict == Verdict.TOO_FEW:
        return Status.TOO_FEW_ROUNDS, str(figure.reason)
    if figure.verdict == Verdict.NOT_COMPARABLE or ratio is None or low is None or floor is None:
        return Status.NOT_COMPARABLE, str(figure.reason)
    evidence = (
        f"{formats.ratio(ratio)} of the base's {what} ({formats.ratio(low)} to "
        f"{formats.ratio(figure.ratio.high)}), noise floor {100 * floor:.1f} %"
    )
    if figure.verdict == Verdict.SLOWER and ratio < 1 - loss:
        return Status.SLOWER, evidence
    if low < 1 - loss:
        return Status.TOO_MUCH_VARIANCE, f"{evidence}: a loss of {100 * loss:g} % is not excluded"
    return Status.PASSED, evidence


def _name(pair: Pair, row: ComparedCell) -> str:
    cell = row.cell
    keys = ", ".join(f"{key} {getattr(cell, key)}" for key in ("workers", "depth", "connections"))
    return f"{cell.framework} ({cell.testbed}, {keys}) in {pair.other.name}"
