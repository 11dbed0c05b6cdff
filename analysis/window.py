"""Counters over the measured window, from cumulative samples."""

import numpy as np

from analysis.records import Samples

# The generator pauses 0.2 s on both sides of the window: in the middle of the pause the
# counters are flat, and the two hosts' clocks need to agree only to this.
MARGIN_S = 0.1
# Samples further apart than this do not say what the counter was in the pause.
LARGEST_GAP_S = 0.5


class WindowError(Exception):
    """The counter cannot be a counter; the message is a sentence."""


def cpu_us(samples: Samples, started: float, ended: float) -> float | None:
    """CPU time of the unit between two moments (unix seconds), in us.

    None where the samples do not cover the window closely enough at its ends.
    WindowError: the counter went backwards.
    """
    there = np.isfinite(samples.cpu_us)
    t, cpu = samples.t[there], samples.cpu_us[there]
    if (np.diff(cpu) < 0).any():
        raise WindowError("the CPU time of the unit went backwards")
    if not len(t) or t[0] > started or t[-1] < ended:
        return None
    edges = np.clip([started - MARGIN_S, ended + MARGIN_S], t[0], t[-1])
    after = np.maximum(np.searchsorted(t, edges), 1)
    if len(t) < 2 or (t[after] - t[after - 1] > LARGEST_GAP_S).any():
        return None
    first, last = np.interp(edges, t, cpu)
    return float(last - first)
