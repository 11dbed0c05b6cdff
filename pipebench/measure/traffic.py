"""The load in the generators' kernel counters: opened connections, silence at the end, pace."""

from __future__ import annotations

import math
from itertools import accumulate

from pipebench.measure.load import Load
from pipebench.measure.window import CLOSING_S, WindowError, growths, increase, quiet_end

PACE_PARTS = 4
# A generator gets no answers while it connects, which takes a moment.
OPENING_S = 0.05


def reopened(loads: list[Load], opened: int, tried: int) -> int | None:
    """The kernel's count of opened connections, minus the planned ones and the verification's.

    opened: planned for all tools together; tried: opened by each tool in addition. WindowError:
    the counter went backwards.
    """
    counted = 0.0
    for load in loads:
        if load.measured is None:
            return None
        ran = load.measured
        more = increase(load.samples, "tcp_active_opens", ran.started, ran.ended)
        if more is None:
            return None
        verified = load.verification.phases.get("measured") if load.verification else None
        counted += more - tried - (verified.opened if verified else 0)
    return max(0, round(counted) - opened)


def quiet(loads: list[Load]) -> float | None:
    """The shortest silence of all generators at the window's end, s; None if one is not known."""
    silences = []
    for load in loads:
        ran = load.measured
        if ran is None or ran.counts is None:
            return None
        silence = quiet_end(load.samples, "nic_rx_bytes", ran.started, ran.stopped)
        if silence is None:
            return None
        silences.append(max(silence, _quiet_connections(load)))
    return min(silences, default=None)


def _quiet_connections(load: Load) -> float:
    """How long all connections of the load had received nothing at its end, s; 0 if not known.

    What else comes to the host ends a silence of its interface: the verification, a login. Nothing
    came after the snapshot of the connections if they had received all that the tool counted.
    """
    ran, seen = load.measured, load.connections
    if ran is None or ran.counts is None or seen is None or not seen.last_received_ms:
        return 0.0
    if ran.counts.bytes is None or sum(accumulate(seen.received_bytes)) < ran.counts.bytes:
        return 0.0
    return min(seen.last_received_ms) / 1000 + max(0.0, ran.stopped - seen.at)


def pace(loads: list[Load]) -> list[float] | None:
    """Answers to all generators in each part of the window, requests/s.

    The parts lie between the moments at which the tool's threads begin and end.
    """
    paces = []
    for load in loads:
        ran = load.measured
        if ran is None or ran.counts is None or not ran.counts.requests:
            return None
        try:
            whole = increase(load.samples, "nic_rx_bytes", ran.started, ran.ended)
        except WindowError:
            return None
        begun, ended = ran.started + OPENING_S, ran.stopped - CLOSING_S
        grown = growths(load.samples, "nic_rx_bytes", begun, ended, PACE_PARTS)
        if not whole or grown is None:
            return None
        per_byte = ran.counts.requests / whole / ((ended - begun) / PACE_PARTS)
        paces.append([growth * per_byte for growth in grown])
    return [math.fsum(parts) for parts in zip(*paces, strict=True)] or None
