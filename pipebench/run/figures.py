"""A cell of a run, summarised over its rounds: what a row of summary.csv is made of."""

from dataclasses import dataclass, field

from pipebench.record.prices import Price
from pipebench.record.schema import Cell
from pipebench.rules.bottleneck import LimitedBy
from pipebench.rules.outcome import Outcome
from pipebench.stats.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Spread:
    """A value over rounds; low and high bound its 95 % interval. None: there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def excludes_1(self) -> bool:
        """Whether it is a ratio whose interval does not hold 1."""
        return self.low is not None and self.high is not None and not self.low <= 1 <= self.high

    def rounded(self, decimals: int) -> "Spread":
        return Spread(
            _rounded(self.value, decimals),
            _rounded(self.low, decimals),
            _rounded(self.high, decimals),
        )


@dataclass(slots=True)
class Summarised:
    """One figure of a cell, and how it compares with the others of the cell group.

    relative: to the best framework that is ok, within the round. rank, verdict, noise_floor: see
    docs/results.md; None for a figure that is not compared.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    relative: Spread = field(default_factory=Spread)
    rank: int | None = None
    verdict: str | None = None
    noise_floor: float | None = None

    def rounded(self, decimals: int) -> "Summarised":
        """The same as the tables show it."""
        return Summarised(
            _rounded(self.value, decimals),
            _rounded(self.low, decimals),
            _rounded(self.high, decimals),
            relative=self.relative.rounded(4),
            rank=self.rank,
            verdict=self.verdict,
            noise_floor=_rounded(self.noise_floor, 4),
        )


def _rounded(value: float | None, decimals: int) -> float | None:
    return None if value is None else round(value, decimals)


def spread(found: Estimate | None) -> Spread:
    """An estimate, or nothing, as a row has it."""
    return Spread(*found) if found else Spread()


def summarised(found: Estimate | None) -> Summarised:
    """An estimate, or nothing, as a figure that nothing is compared with yet."""
    return Summarised(*found) if found else Summarised()


@dataclass(slots=True, kw_only=True)
class CellSummary:
    """A row of summary.csv: one cell, scheduled or seen. None is "not measured" everywhere.

    title: of the framework, for readers. mark: "[1]", how a report refers to the disturbances.
    """

    run_id: str
    cell: Cell
    stack: str | None
    title: str
    role: str
    """`framework`; or `ceiling`, or `control`, which have no rank."""
    outcome: Outcome | None
    reason: str | None
    limited_by: LimitedBy | None
    limit: str | None
    """Why it is limited by that, in a sentence."""
    disturbances: str | None
    """What disturbed how many of the rounds, in sentences (the column `noise`)."""
    mark: str | None = None
    rounds: int
    """With a result, whatever its outcome."""
    rounds_rated: int
    rounds_scheduled: int | None
    requests_per_s: Summarised = field(default_factory=Summarised)
    share_of_ceiling: float | None = None
    batch_latency_p50_us: Summarised = field(default_factory=Summarised)
    batch_latency_p99_us: Summarised = field(default_factory=Summarised)
    server_cpu_us_per_request: Summarised = field(default_factory=Summarised)
    server_cpu_cores: Summarised = field(default_factory=Summarised)
    server_rss_peak_bytes: Summarised = field(default_factory=Summarised)
    generator_cpu_cores: Summarised = field(default_factory=Summarised)
    price: Price | None = None
    """Of the server's host."""
    requests_per_money: Summarised = field(default_factory=Summarised)
    requests_per_s_per_core: Summarised = field(default_factory=Summarised)
