"""The measurements of cells as one tidy frame, from which all that is said of cells is made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipebench.frame.rounds import CELL, ROUND, VALUE, Rounds
from pipebench.frame.typed import series_of
from pipebench.rules.outcome import RATED
from pipebench.rules.rule import Outcome
from pipebench.run.entries import MEDIAN, Figure, Summarised
from pipebench.run.figures import FIGURES
from pipebench.run.judge import JudgedMeasurement
from pipebench.stats.estimate import Estimate
from pipebench.stats.grouped import estimates

IS_RATED, IS_RESULT = "is_rated", "is_result"
OVER_ROUNDS = [figure for figure in FIGURES if figure.over_rounds]
"""Those that a cell has."""


@dataclass(frozen=True, slots=True)
class MeasuredCells:
    """A row a measurement: its cell (the place among so many cells), its round, and figures.

    is_rated: whether it has a rate, is_result: whether it is a result at all.
    """

    frame: pd.DataFrame
    cells: int

    @classmethod
    def of(
        cls,
        measured: Sequence[Sequence[JudgedMeasurement]],
        figures: Iterable[Figure] = OVER_ROUNDS,
    ) -> MeasuredCells:
        """measured: the measurements of each cell. figures: those that are asked for."""
        whole = [one for own in measured for one in own]
        outcomes = [one.judgement.outcome for one in whole]
        columns = {
            CELL: np.repeat(np.arange(len(measured)), [len(own) for own in measured]),
            ROUND: np.array([one.measurement.round for one in whole], np.int64),
            IS_RATED: np.array([outcome in RATED for outcome in outcomes], bool),
            IS_RESULT: np.array([outcome != Outcome.INVALID for outcome in outcomes], bool),
        }
        values = {
            figure.name: series_of(figure.kind, map(figure.value_in, whole))
            for figure in figures
            if figure.measured
        }
        return cls(pd.DataFrame(columns | values), len(measured))

    def rounds(self, figure: Figure) -> Rounds:
        """A figure round by round: the rounds with a rate, without zeros."""
        rated = self.frame[self.frame[IS_RATED]]
        own = rated[[CELL, ROUND, figure.name]].rename(columns={figure.name: VALUE})
        own = own.astype({VALUE: "Float64"})
        known = own[own[VALUE].notna() & (own[VALUE] != 0).fillna(value=False)]
        return Rounds(known.astype({VALUE: np.float64}), self.cells)

    def summarised(self, figure: Figure) -> list[Summarised]:
        """A figure of each cell over its rounds."""
        over = figure.over_rounds
        if over is None:
            return [Summarised() for _ in range(self.cells)]
        own = self.frame[self.frame[IS_RATED if over.rated else IS_RESULT]]
        known = own[own[figure.name].notna()]
        if figure.every_round:
            lacking = own[CELL][own[figure.name].isna()].unique()
            known = known[~known[CELL].isin(lacking)]
        if over is MEDIAN:
            values = known[figure.name].to_numpy(np.float64)
            medians = estimates(known[CELL].to_numpy(), values, self.cells)
            return [Summarised(*medians.of(place)) for place in range(self.cells)]
        greatest = known.groupby(CELL)[figure.name].max().to_dict()
        return [Summarised(*Estimate(greatest.get(place))) for place in range(self.cells)]
