"""A figure of many cells, round by round: ratios within the round, and estimates of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pipebench.stats.grouped import Estimates, estimates

CELL, ROUND, VALUE, BASE, OF_BASE = "cell", "round", "value", "base", "of_base"


@dataclass(frozen=True, slots=True)
class Rounds:
    """A value for each round of each cell that has one above 0: the columns cell, round, value.

    cell: its place among so many cells. A round without a rate has no value, and of 0 there is no
    ratio.
    """

    frame: pd.DataFrame
    cells: int

    def relative_to(self, bases: Mapping[int, int]) -> Rounds:
        """Of each cell that has a base, the values / the base's in the same round.

        bases: by the place of a cell, that of its base.
        """
        own = self.frame[self.frame[CELL].isin(list(bases))]
        own = own.assign(**{BASE: own[CELL].map(bases)})
        of_base = self.frame.rename(columns={CELL: BASE, VALUE: OF_BASE})
        both = own.merge(of_base, on=[BASE, ROUND])
        ratios = both.assign(**{VALUE: both[VALUE] / both[OF_BASE]})
        return Rounds(ratios[[CELL, ROUND, VALUE]], self.cells)

    def inverse(self) -> Rounds:
        """1 / each value: of a cost, what is had for it."""
        return Rounds(self.frame.assign(**{VALUE: 1 / self.frame[VALUE]}), self.cells)

    def estimates(self) -> Estimates:
        """The median of each cell over its rounds, and its interval."""
        frame = self.frame
        return estimates(frame[CELL].to_numpy(), frame[VALUE].to_numpy(), self.cells)

    def by_cell(self) -> list[dict[int, float]]:
        """The values of each cell by round."""
        values: list[dict[int, float]] = [{} for _ in range(self.cells)]
        columns = (self.frame[name].tolist() for name in (CELL, ROUND, VALUE))
        for place, number, value in zip(*columns, strict=True):
            values[place][number] = value
        return values
