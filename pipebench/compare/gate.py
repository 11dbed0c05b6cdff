"""--fail-if-slower: whether a comparison shows a loss, excludes it, or can do neither."""

from dataclasses import dataclass
from enum import IntEnum

from pipebench.compare.runs import Compared, Pair, Verdict
from pipebench.rules.outcome import Outcome
from pipebench.run.relations import Row
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
            row
            for row in pair.rows
            if row["role"] == "framework" and row["outcome_base"] == Outcome.OK
        ]
        looked_at += len(rows)
        for row in rows:
            status, why = judge(row, loss, "_to_ceiling" if to_ceiling else "")
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


def judge(row: Row, loss: float, suffix: str = "") -> tuple[Status, str]:
    """One cell, and why. suffix: that of the columns to look at.

    Slower: the verdict says so, and the ratio is below 1 - loss. Passed: the interval's lower end
    is not below 1 - loss. Neither: the interval, or the noise floor, is too wide to tell.
    """
    verdict, reason = row[f"verdict{suffix}"], str(row[f"reason{suffix}"])
    if verdict == Verdict.NOT_COMPARABLE:
        return Status.NOT_COMPARABLE, reason
    if verdict == Verdict.TOO_FEW:
        return Status.TOO_FEW_ROUNDS, reason
    ratio, low, high = (row[f"ratio{suffix}{end}"] for end in ("", "_low", "_high"))
    of = "share of the ceiling" if suffix else "requests/s"
    told = (
        f"{formats.ratio(ratio)} of the base's {of} ({formats.ratio(low)} to "
        f"{formats.ratio(high)}), noise floor {100 * row['noise_floor']:.1f} %"
    )
    if verdict == Verdict.SLOWER and ratio < 1 - loss:
        return Status.SLOWER, told
    if low < 1 - loss:
        return Status.TOO_MUCH_VARIANCE, f"{told}: a loss of {100 * loss:g} % is not excluded"
    return Status.PASSED, told


def _name(pair: Pair, row: Row) -> str:
    cell = ", ".join(f"{key} {row[key]}" for key in ("workers", "depth", "connections"))
    return f"{row['framework']} ({row['testbed']}, {cell}) in {pair.other.name}"
