"""Counters over the measured window, from cumulative samples."""

from collections.abc import Mapping
from typing import NamedTuple, cast

import numpy as np

from pipebench.record.columns import Floats, Integers, Samples

# The generator is silent for 0.2 s before the window and after it: in the middle of that time the
# counters are flat, and the two hosts' clocks need to agree only to this.
MARGIN_S = 0.1
# Between samples that are further apart than this, the counter is not known.
LARGEST_GAP_S = 0.5
# Each thread of a load tool notices the end on its own tick, of 0.1 s at most.
CLOSING_S = 0.15


# CPU time of one CPU: a second a second, read at moments that are off by a tick or two.
MOST_CPU_US_PER_S, TICKS_US = 1.1e6, 20_000
# Bytes, packets, and everything else.
MOST_PER_S = 1e12


class WindowError(Exception):
    """The counter went backwards, or faster than any host counts; the message is a sentence."""


def increase(samples: Samples, column: str, started: float, ended: float) -> float | None:
    """How much a cumulative counter grew between two moments (unix seconds), in its own unit.

    None if the samples do not cover the window closely enough at its ends, or lack the column.
    WindowError: it is not a counter of a host.
    """
    growth = increases(samples, started, ended).get(column)
    if isinstance(growth, WindowError):
        raise growth
    return growth


def _increase(samples: Samples, column: str, started: float, ended: float) -> float | None:
    """The same for a counter that may have gaps."""
    known = samples.known(column)
    if known is None:
        return None
    t, counter = known
    if (counter[1:] < counter[:-1]).any():
        raise WindowError(f"the counter {column} went backwards")
    edges = _edges(t, started, ended)
    if edges is None:
        return None
    return float(edges.growth_of(counter))


Increases = Mapping[str, float | WindowError | None]


def increases(samples: Samples, started: float, ended: float) -> Increases:
    """`increase` of every column; the value is a WindowError if it is not a counter of a host."""
    window = (started, ended)
    if window not in samples.memory:
        samples.memory[window] = _increases(samples, started, ended)
    return cast("Increases", samples.memory[window])


def _increases(samples: Samples, started: float, ended: float) -> Increases:
    """Counters without a gap, which are nearly all, are computed at once."""
    edges = _edges(samples.t, started, ended)
    # a column that is not known in any sample has no increase either
    by_name: dict[str, float | WindowError | None] = {
        name: None if edges is None or value is None else 0.0
        for name, value in samples.constants.items()
    }
    complete = samples.table[: samples.complete]
    is_backwards = np.any(complete[:, 1:] < complete[:, :-1], axis=1).tolist()
    grown = [None] * len(complete) if edges is None else edges.growth_of(complete).tolist()
    for name, row in samples.rows.items():
        if row < len(complete) and not is_backwards[row]:
            by_name[name] = _possible(grown[row], name, ended - started)
            continue
        try:
            growth = _increase(samples, name, started, ended)
            by_name[name] = _possible(growth, name, ended - started)
        except WindowError as error:
            by_name[name] = error
    return by_name


def _possible(growth: float | None, column: str, seconds: float) -> float | WindowError | None:
    """The growth of a counter in a window of so many seconds, if a host can count so fast."""
    is_cpu = column.startswith("cpu")
    most = (MOST_CPU_US_PER_S if is_cpu else MOST_PER_S) * (seconds + 2 * MARGIN_S) + TICKS_US
    if growth is None or growth <= most:
        return growth
    return WindowError(f"the counter {column} grew by {growth:.3g} in {seconds:.3g} s")


class Edges(NamedTuple):
    """The two moments at which counters are read, each between two samples.

    after: the place of the later sample; weights: how far it is from the earlier one, 0 to 1.
    """

    after: Integers
    weights: Floats

    def growth_of(self, counters: Floats) -> Floats:
        """From one moment to the other, of each counter; samples are the last axis."""
        before, then = counters[..., self.after - 1], counters[..., self.after]
        values = before + (then - before) * self.weights
        growth: Floats = values[..., 1] - values[..., 0]
        return growth


def _edges(t: Floats, started: float, ended: float) -> Edges | None:
    """The edges of a window with its margins; None if no samples are close to them."""
    if len(t) < 2 or t[0] > started or t[-1] < ended:
        return None
    moments = np.array((max(started - MARGIN_S, t[0]), min(ended + MARGIN_S, t[-1])))
    after = np.maximum(t.searchsorted(moments), 1)
    before = t[after - 1]
    gaps = t[after] - before
    if gaps.max() > LARGEST_GAP_S:
        return None
    return Edges(after, (moments - before) / np.maximum(gaps, 1e-9))


def _covering(
    samples: Samples, column: str, started: float, ended: float
) -> tuple[Floats, Floats] | None:
    """The times at which a column is known, and its values; None unless they cover the window."""
    known = samples.known(column)
    if known is None or len(known[0]) < 2:
        return None
    t = known[0]
    return None if t[0] > started or t[-1] < ended else known


def levels(
    samples: Samples, column: str, started: float, ended: float, count: int
) -> list[float] | None:
    """The values of a gauge at `count` moments, evenly from the window's start to its end.

    None if the samples do not cover the window, or lack the column.
    """
    covering = _covering(samples, column, started, ended - LARGEST_GAP_S)
    if covering is None or len(covering[0]) < count:
        return None
    gauges: list[float] = np.interp(_evenly(started, ended, count), *covering).tolist()
    return gauges


def growths(
    samples: Samples, column: str, started: float, ended: float, parts: int
) -> list[float] | None:
    """How much a cumulative counter grew in each of so many equal parts of a window.

    None if the samples do not cover the window or lack the column, or it is not a host's counter.
    """
    covering = _covering(samples, column, started, ended)
    if covering is None or ended <= started:
        return None
    counts = np.interp(_evenly(started, ended, parts + 1), *covering)
    grown: list[float] = (counts[1:] - counts[:-1]).tolist()
    most = MOST_PER_S * (ended - started)
    return None if min(grown) < 0 or max(grown) > most else grown


def _evenly(first: float, last: float, count: int) -> list[float]:
    """So many moments, from the first to the last."""
    step = (last - first) / (count - 1)
    return [*(first + step * number for number in range(count - 1)), last]


def quiet_end(samples: Samples, column: str, started: float, ended: float) -> float | None:
    """How many seconds before the window's end a counter had nearly stopped.

    Nearly: below a hundredth of its mean pace over the window, as a host is never quite silent.
    None if the samples do not cover the window, or lack the column.
    """
    covering = _covering(samples, column, started, ended)
    if covering is None:
        return None
    t, counter = covering
    first, last = np.interp((started, ended), t, counter)
    pace = (counter[1:] - counter[:-1]) / np.maximum(t[1:] - t[:-1], 1e-6)
    # the packets of the closing at the end do not count
    active = (pace > (last - first) / (ended - started) / 100) & (t[1:] <= ended - CLOSING_S)
    if not active.any():
        return None
    return max(0.0, ended - float(t[1:][active][-1]))
