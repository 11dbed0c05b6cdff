"""What a ratio shows beside the noise floor: better, tied or worse; and ranks made of that."""

from collections.abc import Mapping
from enum import StrEnum
from statistics import median

from pipebench.stats.estimate import Estimate, estimate, interval_ranks, ratios


class Relation(StrEnum):
    """What one framework is to another, by a ratio of theirs that is better when it is higher."""

    BETTER = "better"
    TIED = "tied"
    WORSE = "worse"


def deviation(ratio: float) -> float:
    """How far a ratio is from 1, the same for it and its inverse: 0.25 of 1.25 and of 0.8."""
    return max(ratio, 1 / ratio) - 1


def noise_floor(control: Estimate | None) -> float | None:
    """The bound of the interval that is farther from 1, of one server's ratio to itself.

    The median's own deviation is small by luck in half of all runs. None: there is no interval.
    """
    if control is None or not control.low or not control.high:
        return None
    return max(deviation(control.low), deviation(control.high))


def relation(ratio: Estimate | None, floor: float | None) -> Relation | None:
    """Tied if the interval holds 1 or the effect is not above the floor.

    None: without an interval or a floor nothing can be said.
    """
    if ratio is None or floor is None or ratio.holds_1 is None:
        return None
    if ratio.holds_1 or deviation(ratio.median) <= floor:
        return Relation.TIED
    return Relation.BETTER if ratio.median > 1 else Relation.WORSE


def ranks(values: Mapping[str, Mapping[int, float]], floor: float | None) -> dict[str, int]:
    """The rank of each name, from 1; a group shares it. values: by round, more is better.

    Names are taken in the order of their medians: each joins the first group whose best member it
    is tied with, or else begins the next. So rank 1 is what cannot be told from the best, no chain
    of ties joins what differs, and the order of names decides only between equal medians. A name
    has no rank if nothing can be said of it: too few rounds, alone or shared with a best member, or
    no floor.
    """
    if floor is None:
        return {}
    medians = {
        name: median(own.values()) for name, own in values.items() if interval_ranks(len(own))
    }
    best: list[str] = []
    groups: dict[str, int] = {}
    for name in sorted(medians, key=lambda name: (-medians[name], name)):
        for number, other in enumerate(best, start=1):
            relation_to_best = relation(estimate(ratios(values[name], values[other])), floor)
            if relation_to_best != Relation.WORSE:
                if relation_to_best is not None:
                    groups[name] = number
                break
        else:
            best.append(name)
            groups[name] = len(best)
    return groups
