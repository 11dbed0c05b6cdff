"""How the server served each connection of the load, shortly before the end of the window."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from pipebench.measure.load import Load

QUANTILES = 21
"""Of the curve of responses per connection: 0, 5, ... 100 %."""
QUIET_S = 0.4
"""Connections that received something within this time are not kept one by one."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """A connection on which nothing came for a while. served: whether anything ever came on it."""

    seconds: float
    served: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The connections of one measurement.

    count: those that were open. at_s: when it was looked, since the window began. responses: a
    connection, the quantiles 0, 5, ... 100 % of them; none if there was no connection. lower_half:
    the share of all responses that the less served half of the connections got, None if there was
    no response. unserved: connections on which nothing ever came. quiet: the longest first.
    """

    count: int
    at_s: float
    responses: tuple[float, ...]
    lower_half: float | None
    unserved: int
    quiet: tuple[Quiet, ...]

    @property
    def median(self) -> float | None:
        """Responses of the connection in the middle."""
        return self.responses[len(self.responses) // 2] if self.responses else None


def served_of(loads: list[Load], response_bytes: float | None) -> Served | None:
    """The connections of all generators; None unless each of them looked at its own.

    response_bytes: the mean size of a response.
    """
    if not loads or not response_bytes:
        return None
    received: list[int] = []
    quiet: list[Quiet] = []
    at_s = 0.0
    for load in loads:
        if load.connections is None or load.measured is None:
            return None
        own = list(accumulate(load.connections.received_bytes))
        received += own
        quiet += [
            Quiet(ms / 1000, served=bool(count))
            for count, ms in zip(own, load.connections.last_received_ms, strict=True)
            if ms >= QUIET_S * 1000
        ]
        at_s = max(at_s, load.connections.at - load.measured.started)
    responses = np.sort(np.array(received)) / response_bytes
    total = float(responses.sum())
    return Served(
        count=len(received),
        at_s=at_s,
        responses=_quantiles(responses),
        lower_half=float(responses[: len(responses) // 2].sum()) / total if total else None,
        unserved=received.count(0),
        quiet=tuple(sorted(quiet, key=lambda one: -one.seconds)),
    )


def _quantiles(increasing: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, ...]:
    """Nearest rank: each was the count of a connection."""
    if not len(increasing):
        return ()
    places = np.linspace(0, len(increasing) - 1, QUANTILES).round().astype(int)
    return tuple(increasing[places].round(1).tolist())
