"""Testbeds compared: each kind of machine with the base, framework by framework.

Testbeds on machines of one kind are replicates: each gives one value, the median of its rounds.
Without `bench_machine` a testbed is a kind of its own. The testbeds are those of one run, or of
several. docs/comparing-machines.md explains the verdicts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from msgspec import structs

from pipebench.compare.cells import Verdict
from pipebench.compare.judged_side import JudgedSide
from pipebench.frame.measured import MeasuredCells
from pipebench.record.factors import Cell, place_of
from pipebench.record.run_record import Run
from pipebench.record.schema import RecordedTestbed
from pipebench.rules.rule import Outcome
from pipebench.run.entries import Better, Figure, Ranking
from pipebench.run.figures import CellSummary, Figures, requests_for
from pipebench.run.judge import JudgedMeasurement, JudgedRun
from pipebench.stats.estimate import UNKNOWN, Estimate
from pipebench.stats.machines import Basis, geometric_mean, machine_ratio
from pipebench.stats.ranking import relation
from pipebench.stats.two_samples import independent_ratio

COMPARED = (
    CellSummary.requests_per_s,
    CellSummary.server_cpu_us_per_request,
    CellSummary.requests_per_money,
)
RATE, CPU, MONEY = COMPARED
FROM_ROUNDS = (RATE, CPU)
"""Those that a round has; the other is made of the rate."""
BY_PRICE = Ranking(Better.HIGHER, "most for the price", "more for the price", "less for the price")
ALL = "geometric mean"
"""In place of a framework: all that are ok on every testbed."""

Place = Cell
"""A cell without framework and testbed: that of which testbeds are compared."""
ByRound = dict[int, float]
"""A figure of one instance by round."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A testbed that was measured in a run. name: of several runs, `RUN/TESTBED`, or `RUN`."""

    name: str
    run: Run
    testbed: RecordedTestbed

    @property
    def machine(self) -> str:
        """The kind of machine that its server is said to be."""
        return self.testbed.machine or self.name

    @property
    def cpu_model(self) -> str | None:
        """Of the server, as its kernel calls it."""
        cpu = self.run.hosts.get(str(self.testbed.server), {}).get("cpu")
        model = cpu.get("model") if isinstance(cpu, Mapping) else None
        return None if model is None else str(model)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of machine. testbeds: its instances. cpu_model: None if it is not known."""

    name: str
    testbeds: tuple[str, ...]
    cpu_model: str | None


@dataclass(frozen=True, slots=True)
class MachineFigure:
    """One figure of a kind of machine. value: the median of its instances; low, high: their range.

    ratio: to the base. verdict: None if nothing may be said, or for the base itself.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    ratio: Estimate = UNKNOWN
    basis: Basis = Basis.NONE
    verdict: Verdict | None = None


@dataclass(kw_only=True)
class MachineRow(Figures[MachineFigure]):
    """A framework, or all of them, on one kind of machine; figures by their names.

    instances: those that are ok; kind.testbeds are all. frameworks: that are in the row.
    """

    kind: Kind
    base: Kind
    cell: Cell
    title: str
    instances: int
    frameworks: int = 1
    outcome: Outcome | None = None

    @property
    def framework(self) -> str:
        return self.cell.framework

    @property
    def place(self) -> Place:
        return place_of(self.cell)

    @property
    def is_base(self) -> bool:
        return self.kind == self.base


@dataclass(frozen=True, slots=True)
class Machines:
    """The kinds of machines, the base first. split: sentences on kinds that were split.

    instances: by their names.
    """

    kinds: list[Kind]
    rows: list[MachineRow]
    instances: dict[str, Instance]
    split: list[str] = field(default_factory=list)

    @property
    def base(self) -> Kind:
        return self.kinds[0]

    def overall(self, place: Place) -> list[MachineRow]:
        """All frameworks together, by kind of machine."""
        return [row for row in self.rows if row.framework == ALL and row.place == place]

    @property
    def places(self) -> list[Place]:
        return list(dict.fromkeys(row.place for row in self.rows))


def compare_machines(judged_run: JudgedRun, rows: Sequence[CellSummary]) -> Machines | None:
    """The testbeds of a run; None if it has only one. rows: those of summary.csv."""
    run = judged_run.run
    measured = {row.cell.testbed for row in rows}
    if len(measured) < 2:
        return None
    instances = [Instance(one.name, run, one) for one in run.testbeds if one.name in measured]
    return _compared(instances, rows, judged_run.by_cell, run.variables.get("bench_base_testbed"))


def compare_machines_of(sides: Sequence[JudgedSide]) -> tuple[Machines, list[CellSummary]]:
    """The testbeds of several runs, the base being that of the first; and their rows.

    In the rows, a testbed has the name of its instance, and a framework the name that it has in the
    first run that has it.
    """
    instances: list[Instance] = []
    rows: list[CellSummary] = []
    by_cell: dict[Cell, list[JudgedMeasurement]] = {}
    base = None
    frameworks: dict[str, str] = {}
    """By its current name, a framework as the first run that has it calls it."""
    for side in sides:
        measured = side.testbeds
        described = {one.name: one for one in side.run.testbeds if one.name in measured}
        names = {
            testbed: f"{side.name}/{testbed}" if len(measured) > 1 else side.name
            for testbed in [*described, *measured]
        }
        if side is sides[0]:
            base = names.get(str(side.run.variables.get("bench_base_testbed")))
        instances += [
            Instance(name, side.run, described.get(testbed, RecordedTestbed(name=testbed)))
            for testbed, name in names.items()
        ]
        for now, cell in side.cells_now.items():
            framework = frameworks.setdefault(now.framework, cell.framework)
            renamed = structs.replace(cell, testbed=names[cell.testbed], framework=framework)
            rows.append(replace(side.rows[cell], cell=renamed))
            by_cell[renamed] = side.measured[cell]
    return _compared(instances, rows, by_cell, base), rows


def _compared(
    instances: Sequence[Instance],
    rows: Iterable[CellSummary],
    by_cell: Mapping[Cell, list[JudgedMeasurement]],
    base: str | None,
) -> Machines:
    """base: the name of an instance; None: the first."""
    kinds, split = kinds_of(instances, base)
    by_place: dict[Place, list[CellSummary]] = defaultdict(list)
    for row in rows:
        if row.role == "framework":
            by_place[place_of(row.cell)].append(row)
    compared = []
    for place, own in by_place.items():
        samples = _Samples(by_cell, own)
        for framework in samples.frameworks:
            compared += _rows(kinds, place, samples.of_framework(framework))
        if len(samples.whole) > 1:
            compared += _rows(kinds, place, samples.of_all())
    return Machines(kinds, compared, {one.name: one for one in instances}, split)


def kinds_of(instances: Iterable[Instance], base: str | None) -> tuple[list[Kind], list[str]]:
    """The kinds of machines, that of the base first; and what was taken apart.

    Instances that are called the same and have different CPU models are of different kinds.
    """
    by_name: dict[str, dict[str | None, list[str]]] = {}
    for one in instances:
        by_name.setdefault(one.machine, {}).setdefault(one.cpu_model, []).append(one.name)
    kinds, split = [], []
    for name, models in by_name.items():
        several = len(models) > 1
        kinds += [
            Kind(f"{name} ({model or 'CPU not known'})" if several else name, tuple(own), model)
            for model, own in models.items()
        ]
        if several:
            split.append(
                f"Machines called {name} have different CPUs ({', '.join(map(str, models))}), and "
                "are compared as different kinds."
            )
    kinds.sort(key=lambda kind: base not in kind.testbeds)
    return kinds, split


@dataclass(frozen=True, slots=True)
class _Sample:
    """What one row is made of: for each figure the rounds of every testbed that is ok."""

    framework: str
    title: str
    frameworks: int
    outcomes: dict[str, Outcome | None]
    floors: dict[str, float | None]
    """The largest noise floor of each figure's testbeds; None if one has none."""
    rounds: dict[str, dict[str, ByRound]]
    """By the figure's name, and by testbed."""


class _Samples:
    """The frameworks of one place, on every testbed."""

    def __init__(
        self, by_cell: Mapping[Cell, list[JudgedMeasurement]], rows: Iterable[CellSummary]
    ) -> None:
        own = list(rows)
        measured = MeasuredCells.of([by_cell[row.cell] for row in own], FROM_ROUNDS)
        self.places = {row.cell: place for place, row in enumerate(own)}
        self.by_round = {figure: measured.rounds(figure).by_cell() for figure in FROM_ROUNDS}
        self.rows: dict[str, dict[str, CellSummary]] = defaultdict(dict)
        for row in own:
            self.rows[row.cell.framework][row.cell.testbed] = row
        self.testbeds = {testbed for own in self.rows.values() for testbed in own}
        self.currencies = {
            row.price.currency for own in self.rows.values() for row in own.values() if row.price
        }

    @property
    def frameworks(self) -> list[str]:
        return list(self.rows)

    @property
    def whole(self) -> list[str]:
        """The frameworks that are ok on every testbed: the same for all, so that means are fair."""
        return [
            name
            for name, own in self.rows.items()
            if own.keys() == self.testbeds
            and all(row.outcome == Outcome.OK for row in own.values())
        ]

    def of_framework(self, name: str) -> _Sample:
        own = self.rows[name]
        return _Sample(
            framework=name,
            title=next(iter(own.values())).title,
            frameworks=1,
            outcomes={testbed: row.outcome for testbed, row in own.items()},
            floors={figure.name: _floor(figure, own.values()) for figure in COMPARED},
            rounds={
                figure.name: {
                    testbed: self._by_round(figure, row)
                    for testbed, row in own.items()
                    if row.outcome == Outcome.OK
                }
                for figure in COMPARED
            },
        )

    def of_all(self) -> _Sample:
        """The geometric mean over the frameworks, in every round that has all of them."""
        names = self.whole
        each = [self.of_framework(name) for name in names]
        return _Sample(
            framework=ALL,
            title=f"geometric mean of {len(names)}",
            frameworks=len(names),
            outcomes=dict.fromkeys(self.testbeds, Outcome.OK),
            floors={
                figure.name: _largest([one.floors[figure.name] for one in each])
                for figure in COMPARED
            },
            rounds={
                figure.name: {
                    testbed: _means([one.rounds[figure.name][testbed] for one in each])
                    for testbed in self.testbeds
                }
                for figure in COMPARED
            },
        )

    def _by_round(self, figure: Figure, row: CellSummary) -> ByRound:
        place = self.places[row.cell]
        if figure in self.by_round:
            return self.by_round[figure][place]
        if row.price is None or not row.price.per_hour or len(self.currencies) > 1:
            return {}
        # what is made of the rate: in proportion to it in each round
        rates = self.by_round[RATE][place]
        return {number: requests_for(row.price, rate) for number, rate in rates.items()}


def _means(samples: Sequence[ByRound]) -> ByRound:
    shared = set.intersection(*(set(one) for one in samples))
    means = {number: geometric_mean([one[number] for one in samples]) for number in sorted(shared)}
    return {number: mean for number, mean in means.items() if mean is not None}


def _floor(figure: Figure, rows: Iterable[CellSummary]) -> float | None:
    """money is made of the rate, and has its floor."""
    own = RATE if figure is MONEY else figure
    return _largest([own.in_row(row).noise_floor for row in rows])


def _largest(floors: Sequence[float | None]) -> float | None:
    known = [floor for floor in floors if floor is not None]
    return max(known) if known and len(known) == len(floors) else None


def _rows(kinds: Sequence[Kind], place: Place, sample: _Sample) -> list[MachineRow]:
    base = kinds[0]
    order = list(Outcome)
    rows = []
    for kind in kinds:
        outcomes = [sample.outcomes[name] for name in kind.testbeds if name in sample.outcomes]
        known = [outcome for outcome in outcomes if outcome is not None]
        if not outcomes:
            continue
        rows.append(
            MachineRow(
                kind=kind,
                base=base,
                cell=structs.replace(place, framework=sample.framework),
                title=sample.title,
                instances=sum(outcome == Outcome.OK for outcome in outcomes),
                frameworks=sample.frameworks,
                outcome=max(known, key=order.index) if known else None,
                figures={figure.name: _figure(figure, kind, base, sample) for figure in COMPARED},
            )
        )
    return rows


def _figure(figure: Figure, kind: Kind, base: Kind, sample: _Sample) -> MachineFigure:
    rounds = sample.rounds[figure.name]
    own, other = (
        [rounds[name] for name in one.testbeds if rounds.get(name)] for one in (kind, base)
    )
    values, base_values = ([median(by_round.values()) for by_round in one] for one in (own, other))
    if not values:
        return MachineFigure()
    shown = (median(values), min(values), max(values))
    if kind == base or not base_values:
        return MachineFigure(*shown, ratio=Estimate(1.0) if kind == base else UNKNOWN)
    if len(kind.testbeds) == len(base.testbeds) == 1:
        of_rounds = independent_ratio(list(own[0].values()), list(other[0].values()))
        floor = sample.floors[figure.name]
        return MachineFigure(*shown, *_of_two(figure, of_rounds, floor))
    ratio, basis = machine_ratio(values, base_values)
    return MachineFigure(*shown, ratio, basis, _verdict(figure, ratio))


def _of_two(
    figure: Figure, ratio: Estimate, floor: float | None
) -> tuple[Estimate, Basis, Verdict | None]:
    """Two machines, of which nothing follows for others: by their rounds and the noise floor."""
    if ratio.value is None:
        return UNKNOWN, Basis.FEW_ROUNDS, None
    seen = relation(ratio, floor)
    verdict = Verdict.of(seen, ranking_of(figure)) if seen else None
    basis = Basis.NO_FLOOR if floor is None else Basis.ROUNDS
    basis = Basis.FEW_ROUNDS if ratio.low is None else basis
    return ratio, basis, verdict


def _verdict(figure: Figure, ratio: Estimate) -> Verdict | None:
    """By the interval alone: the spread of the instances is in it."""
    seen = relation(ratio, floor=0.0)
    return Verdict.of(seen, ranking_of(figure)) if seen else None


def ranking_of(figure: Figure) -> Ranking:
    """Which value of a figure is the better one, and what it is called."""
    return figure.ranking or BY_PRICE
