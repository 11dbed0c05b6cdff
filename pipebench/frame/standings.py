"""How each cell stands among the others of its group: ratios within the round, ties, ranks.

docs/method.md says how cells are compared; the arithmetic is pipebench/stats'.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec import structs

from pipebench.frame.measured import MeasuredCells
from pipebench.frame.rounds import Rounds
from pipebench.record.factors import Cell, group_of
from pipebench.record.run_record import Framework
from pipebench.rules.bottleneck import WIDER
from pipebench.rules.outcome import RATED
from pipebench.rules.rule import Outcome
from pipebench.run.entries import Better, Figure, Ranking, Summarised
from pipebench.run.figures import FIGURES, CellSummary
from pipebench.stats.estimate import Estimate
from pipebench.stats.ranking import noise_floor, ranks


def set_standings(
    frameworks: Mapping[str, Framework], rows: Sequence[CellSummary], measured: MeasuredCells
) -> None:
    """Fill what is said of each row against the others of its cell group.

    measured: the measurements of the same cells, in the order of the rows.
    """
    groups = _groups(rows)
    for figure in FIGURES:
        if figure.ranking:
            rounds = measured.rounds(figure)
            _Standings(figure, figure.ranking, rows, groups, rounds).fill(frameworks)


def set_scaling(rows: Sequence[CellSummary], measured: MeasuredCells) -> None:
    """Fill the ratio of each cell with several workers to the same cell with one worker."""
    places = {row.cell: place for place, row in enumerate(rows)}
    bases = {
        place: alone
        for cell, place in places.items()
        if cell.workers != 1 and (alone := places.get(structs.replace(cell, workers=1))) is not None
    }
    if not bases:
        return
    ratios = measured.rounds(CellSummary.requests_per_s).relative_to(bases).estimates()
    for place in bases:
        rows[place].to_one_worker = ratios.of(place)


def _groups(rows: Sequence[CellSummary]) -> list[list[int]]:
    """The places of the rows of each cell group."""
    groups: dict[Cell, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        groups[group_of(row.cell)].append(place)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class _Standings:
    """The standings by one figure. groups: places of rows. rounds: of the rows, in their order."""

    figure: Figure
    ranking: Ranking
    rows: Sequence[CellSummary]
    groups: list[list[int]]
    rounds: Rounds

    def fill(self, frameworks: Mapping[str, Framework]) -> None:
        self._set_control(frameworks)
        higher = self.ranking.better_is == Better.HIGHER
        goodness = self.rounds if higher else self.rounds.inverse()
        candidates = self._candidates(goodness)
        self._set_relative(goodness, candidates)
        self._set_ranks(goodness, candidates)
        if self.ranking.ceiling:
            self._set_ceiling()

    def _own(self, place: int) -> Summarised:
        return self.figure.in_row(self.rows[place])

    def _candidates(self, goodness: Rounds) -> list[list[int]]:
        """Of each group those that are ranked: frameworks that are ok and have the figure, and
        that used no more cores than the others of as many workers may."""
        values = goodness.by_cell()
        return [
            [
                place
                for place in group
                if self.rows[place].role == "framework"
                and self.rows[place].outcome == Outcome.OK
                and all(one.name != WIDER for one in self.rows[place].disturbed)
                and values[place]
            ]
            for group in self.groups
        ]

    def _set_control(self, frameworks: Mapping[str, Framework]) -> None:
        """The noise floor of each group, and whether the control is tied with its reference."""
        controls = [self._control(frameworks, group) for group in self.groups]
        bases = dict(pair for pair in controls if pair)
        ratios = self.rounds.relative_to(bases).estimates()
        for group, pair in zip(self.groups, controls, strict=True):
            ratio = ratios.of(pair[0]) if pair else Estimate()
            floor = noise_floor(ratio)
            for place in group:
                own = self._own(place)
                own.noise_floor = floor
                if self.rows[place].role == "control" and ratio.holds_1 is not None:
                    own.verdict = "tied" if ratio.holds_1 else "differs"

    def _control(
        self, frameworks: Mapping[str, Framework], group: Sequence[int]
    ) -> tuple[int, int] | None:
        """The control of a group and its reference, if both are ok."""
        places = {self.rows[place].cell.framework: place for place in group}
        for name, place in places.items():
            framework = frameworks.get(name)
            reference = places.get(framework.control_of or "") if framework else None
            if reference is None:
                continue
            if self.rows[place].outcome == self.rows[reference].outcome == Outcome.OK:
                return place, reference
        return None

    def _set_relative(self, goodness: Rounds, candidates: list[list[int]]) -> None:
        """Of every row, to the best one of its group."""
        medians = goodness.estimates().value
        bases: dict[int, int] = {}
        for group, own in zip(self.groups, candidates, strict=True):
            if own:
                best = max(own, key=lambda place: (medians[place], self.rows[place].cell.framework))
                bases |= dict.fromkeys(group, best)
        ratios = self.rounds.relative_to(bases).estimates()
        for place, best in bases.items():
            # of the best it is 1 by definition: there is nothing to be unsure of
            self._own(place).relative = Estimate(1.0) if place == best else ratios.of(place)

    def _set_ranks(self, goodness: Rounds, candidates: list[list[int]]) -> None:
        values = goodness.by_cell()
        for own in candidates:
            if not own:
                continue
            by_name = {self.rows[place].cell.framework: place for place in own}
            floor = self._own(own[0]).noise_floor
            ranked = ranks({name: values[place] for name, place in by_name.items()}, floor)
            alone = list(ranked.values()).count(1) == 1
            for name, rank in ranked.items():
                standing = self._own(by_name[name])
                standing.rank = rank
                if len(ranked) > 1:
                    first = self.ranking.best if alone else "tied"
                    standing.verdict = first if rank == 1 else self.ranking.worse

    def _set_ceiling(self) -> None:
        bases: dict[int, int] = {}
        for group in self.groups:
            ceiling = next((place for place in group if self.rows[place].role == "ceiling"), None)
            if ceiling is not None and self.rows[ceiling].outcome in RATED:
                bases |= dict.fromkeys(group, ceiling)
        shares = self.rounds.relative_to(bases).estimates()
        for place in bases:
            self._own(place).share_of_ceiling = shares.of(place).value
