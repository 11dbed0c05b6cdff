"""The axes of charts: linear, logarithmic, or the values that were measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

from pipebench.show.charts import vega
from pipebench.show.charts.vega import Channel, Spec


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis. ticks: where it is labelled, None: where Vega likes; label: a Vega expression."""

    title: str
    low: float
    high: float
    log: bool
    label: str
    ticks: tuple[float, ...] | None = None

    def share(self, value: float) -> float:
        """Where a value lies, from 0 (low) to 1 (high)."""
        if self.log:
            return log10(value / self.low) / log10(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def value(self, share: float) -> float:
        """What lies there."""
        if self.log:
            return float(self.low * (self.high / self.low) ** share)
        return self.low + share * (self.high - self.low)

    def channel(self, field: str, **axis: Any) -> Channel:
        """A field on this axis."""
        ticks: Spec = {"tickCount": 6} if self.ticks is None else {"values": list(self.ticks)}
        return vega.quantity(field) | {
            "title": self.title,
            "scale": {
                "type": "log" if self.log else "linear",
                "domain": [self.low, self.high],
                "nice": False,
                "zero": False,
            },
            "axis": {"labelExpr": self.label, **ticks, **axis},
        }


COUNT = "format(datum.value, '~s')"
TIMES = "format(datum.value, '~g')"
DURATION = (
    "datum.value >= 1e6 ? format(datum.value / 1e6, '~g') + ' s' : "
    "datum.value >= 1e3 ? format(datum.value / 1e3, '~g') + ' ms' : "
    "format(datum.value, '~g') + ' us'"
)


def linear(title: str, values: Sequence[float], label: str) -> Scale:
    """From 0 to a little above the greatest."""
    return Scale(title, 0, max(values) * 1.04, log=False, label=label)


def logarithmic(title: str, values: Sequence[float], label: str) -> Scale:
    """From a little below the least to a little above the greatest, labelled at round values."""
    low, high = min(values) / 1.15, max(values) * 1.15
    decades = range(floor(log10(low)), ceil(log10(high)) + 1)
    span = log10(high / low)
    steps: tuple[float, ...] = (1.0, 2.0, 5.0) if span <= 2.5 else (1.0,)
    if span < 0.5:
        steps = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0)
    ticks = tuple(
        value for power in decades for step in steps if low <= (value := step * 10.0**power) <= high
    )
    return Scale(title, low, high, log=True, label=label, ticks=ticks)


def measured(title: str, values: Sequence[float]) -> Scale:
    """The values that were measured, each labelled, at distances of their ratios."""
    ordered = sorted(set(values))
    return Scale(title, ordered[0], ordered[-1], log=True, label=TIMES, ticks=tuple(ordered))
