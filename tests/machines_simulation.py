"""How often an interval between two kinds of machines holds the truth, and claims what is not so.

    python -m tests.machines_simulation --trials 2000

Each instance has a factor of its own (log-normal, 3 % between instances), and each of its rounds
another one (2 %); the two kinds are the same. Prints the table of docs/comparing-machines.md, by
the number of instances: the share of trials whose interval holds 1, by the rule that the report
uses there, and of those in which the interval of all rounds does.
"""

import argparse
from statistics import median

import numpy as np

from pipebench.stats.machines import machine_ratio
from pipebench.stats.two_samples import independent_ratio

BETWEEN, WITHIN, ROUNDS = 0.03, 0.02, 6
CASES = ((1, 1), (2, 2), (3, 3), (3, 5), (4, 4), (6, 6), (10, 10))


def instances(count: int, rng: np.random.Generator) -> list[list[float]]:
    """The rounds of so many instances of one kind."""
    own = rng.lognormal(0, BETWEEN, (count, 1))
    rounds: list[list[float]] = (own * rng.lognormal(0, WITHIN, (count, ROUNDS))).tolist()
    return rounds


def covered(first: int, second: int, trials: int, seed: int) -> tuple[float | None, float]:
    """The share of trials whose interval holds 1: that of the instances, and that of all rounds."""
    rng = np.random.default_rng(seed)
    holds, rounds_hold, known = 0, 0, 0
    for _ in range(trials):
        one, other = instances(first, rng), instances(second, rng)
        ratio = machine_ratio([median(own) for own in one], [median(own) for own in other]).ratio
        known += ratio.low is not None
        holds += ratio.low is not None and ratio.holds_1 is not False
        by_rounds = independent_ratio(
            *([value for own in kind for value in own] for kind in (one, other))
        )
        rounds_hold += bool(by_rounds.holds_1)
    return (holds / known if known else None), rounds_hold / trials


def main() -> None:
    parser = argparse.ArgumentParser(description="Coverage of intervals between kinds of machines.")
    parser.add_argument("--trials", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print("| instances | interval holds the truth | interval of all rounds does |")
    print("| --- | ---: | ---: |")
    for first, second in CASES:
        own, by_rounds = covered(first, second, options.trials, options.seed)
        shown = "-" if own is None else f"{own:.3f}"
        print(f"| {first} and {second} | {shown} | {by_rounds:.3f} |")


if __name__ == "__main__":
    main()
