"""A ratio beside the noise floor: better, tied or worse; and the ranks that follow from it."""

from collections.abc import Mapping
from enum import StrEnum
from statistics import median

from pipebench.stats.estimate import Estimate, estimate, interval_ranks, ratios


class Relation(StrEnum):
    """One framework relative to another, by a ratio of which a higher one is better."""

    BETTER = "better"
    TIED = "tied"
    WORSE = "worse"


def deviation(ratio: float) -> float:
    """How far a ratio is from 1; the same for its inverse: 0.25 for 1.25 and for 0.8."""
    return max(ratio, 1 / ratio) - 1


def noise_floor(control: Estimate) -> float | None:
    """The bound, farther from 1, of the interval of one server's ratio to itself.

    The deviation of the median is small by chance in half of all runs. None without an interval.
    """
    if not control.low or not control.high:
        return None
    return max(deviation(control.low), deviation(control.high))


def relation(ratio: Estimate, floor: float | None) -> Relation | None:
    """Tied if the interval holds 1 or the effect is not above the floor.

    None without an interval or a floor.
    """
    if ratio.value is None or ratio.holds_1 is None or floor is None:
        return None
    if ratio.holds_1 or deviation(ratio.value) <= floor:
        return Relation.TIED
    return Relation.BETTER if ratio.value > 1 else Relation.WORSE


def ranks(values: Mapping[str, Mapping[int, float]], floor: float | None) -> dict[str, int]:
    """The rank of each name, from 1; a group shares it. values: by round, more is better.

    In the order of their medians, each name joins the first group whose best member it is tied
    with, or else begins the next. So rank 1 holds all that are tied with the best, a chain of ties
    does not join names that differ, and the order of names decides only between equal medians. A
    name without a relation has no rank: it has too few rounds, alone or shared with a best member,
    or there is no floor.
    """
    if floor is None:
        return {}
    medians = {
        name: median(by_round.values())
        for name, by_round in values.items()
        if interval_ranks(len(by_round))
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
