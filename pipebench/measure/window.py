"""Counters over the measured window, from cumulative samples."""

from collections.abc import Mapping
from typing import cast

import numpy as np

from pipebench.record.columns import Floats, Samples

# The generator is silent for 0.2 s before the window and after it: in the middle of that time the
# counters are flat, and the two hosts' clocks need to agree only to this.
MARGIN_S = 0.1
# Between samples that are further apart than this, the counter is not known.
LARGEST_GAP_S = 0.5
# Each of wrk's threads notices the end on its own tick of 0.1 s.
CLOSING_S = 0.15


class WindowError(Exception):
    """The counter went backwards; the message is a sentence."""


def increase(samples: Samples, column: str, started: float, ended: float) -> float | None:
    """How much a cumulative counter grew between two moments (unix seconds), in its own unit.

    None if the samples do not cover the window closely enough at its ends, or lack the column.
    WindowError: the counter went backwards.
    """
    growth = increases(samples, started, ended).get(column)
    if isinstance(growth, WindowError):
        raise growth
    return growth


def _increase(samples: Samples, column: str, started: float, ended: float) -> float | None:
    """The same for a counter that may have gaps."""
    counter = samples.column(column)
    if counter is None:
        return None
    known = np.isfinite(counter)
    t, counter = samples.t[known], counter[known]
    if (counter[1:] < counter[:-1]).any():
        raise WindowError(f"the counter {column} went backwards")
    edges = _edges(t, started, ended)
    if edges is None:
        return None
    first, last = np.interp(edges, t, counter)
    return float(last - first)


Increases = Mapping[str, float | WindowError | None]


def increases(samples: Samples, started: float, ended: float) -> Increases:
    """`increase` of every column; the value is a WindowError if the counter went backwards."""
    window = (started, ended)
    if window not in samples.memory:
        samples.memory[window] = _increases(samples, started, ended)
    return cast("Increases", samples.memory[window])


def _increases(samples: Samples, started: float, ended: float) -> Increases:
    """Counters without a gap, which are nearly all, are computed at once."""
    table = samples.table
    complete = np.asarray(np.isfinite(table).all(axis=1))
    backwards = np.asarray((table[:, 1:] < table[:, :-1]).any(axis=1))
    grown = np.full(len(table), np.nan)
    edges = _edges(samples.t, started, ended)
    if edges is not None:
        after = np.maximum(np.searchsorted(samples.t, edges), 1)
        t, before, then = samples.t[after - 1], table[:, after - 1], table[:, after]
        slope = (then - before) / np.maximum(samples.t[after] - t, 1e-9)
        first, last = (slope * (edges - t) + before).T
        grown = last - first
    # a column that is not known in any sample has no increase either
    by_name: dict[str, float | WindowError | None] = {
        name: None if edges is None or value is None else 0.0
        for name, value in samples.constants.items()
    }
    for name, growth, is_complete, is_backwards in zip(
        samples.rows, grown.tolist(), complete.tolist(), backwards.tolist(), strict=True
    ):
        if is_complete and not is_backwards:
            by_name[name] = None if edges is None else growth
            continue
        try:
            by_name[name] = _increase(samples, name, started, ended)
        except WindowError as error:
            by_name[name] = error
    return by_name


def _edges(t: Floats, started: float, ended: float) -> Floats | None:
    """The two moments at which counters are read; None if no samples are close to them."""
    if len(t) < 2 or t[0] > started or t[-1] < ended:
        return None
    edges = np.array([max(started - MARGIN_S, t[0]), min(ended + MARGIN_S, t[-1])])
    after = np.maximum(np.searchsorted(t, edges), 1)
    return None if (t[after] - t[after - 1] > LARGEST_GAP_S).any() else edges


def levels(
    samples: Samples, column: str, started: float, ended: float, count: int
) -> list[float] | None:
    """The values of a gauge at `count` moments, evenly from the window's start to its end.

    None if the samples do not cover the window, or lack the column.
    """
    gauge = samples.column(column)
    if gauge is None:
        return None
    known = np.isfinite(gauge)
    t, gauge = samples.t[known], gauge[known]
    if len(t) < count or t[0] > started or t[-1] < ended - LARGEST_GAP_S:
        return None
    return [float(value) for value in np.interp(np.linspace(started, ended, count), t, gauge)]


def growths(
    samples: Samples, column: str, started: float, ended: float, parts: int
) -> list[float] | None:
    """How much a cumulative counter grew in each of so many equal parts of a window.

    None if the samples do not cover the window or lack the column, or the counter went backwards.
    """
    counter = samples.column(column)
    if counter is None:
        return None
    known = np.isfinite(counter)
    t, counter = samples.t[known], counter[known]
    if len(t) < 2 or ended <= started or t[0] > started or t[-1] < ended:
        return None
    grown = np.diff(np.interp(np.linspace(started, ended, parts + 1), t, counter))
    return None if (grown < 0).any() else [float(growth) for growth in grown]


def quiet_end(samples: Samples, column: str, started: float, ended: float) -> float | None:
    """How many seconds before the window's end a counter had nearly stopped.

    Nearly: below a hundredth of its mean pace over the window, as a host is never quite silent.
    None if the samples do not cover the window, or lack the column.
    """
    counter = samples.column(column)
    if counter is None:
        return None
    known = np.isfinite(counter)
    t, counter = samples.t[known], counter[known]
    if len(t) < 2 or t[0] > started or t[-1] < ended:
        return None
    first, last = np.interp([started, ended], t, counter)
    pace = np.diff(counter) / np.maximum(np.diff(t), 1e-6)
    # the packets of the closing at the end do not count
    active = (pace > (last - first) / (ended - started) / 100) & (t[1:] <= ended - CLOSING_S)
    if not active.any():
        return None
    return max(0.0, ended - float(t[1:][active][-1]))
