"""When one measurement did what, from its record."""

from dataclasses import dataclass

from pipebench.measure.load import Load
from pipebench.record.run_record import moment
from pipebench.record.schema import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Unix seconds, each by the clock of the host it was seen on; None: it did not happen.

    started, ready: of the server; loaded: the load began; warmed: the warm-up ended; opened,
    closed: the measured window; ended: all was over, and the record was about to be written.
    """

    started: float | None
    ready: float | None
    loaded: float | None
    warmed: float | None
    opened: float | None
    closed: float | None
    ended: float | None


def moments_of(record: Record, loads: list[Load]) -> Moments:
    """Of several load generators, the first that began and the last that ended."""
    started = _unix(record.started)
    ready_s = record.server.ready_s if record.server else None
    warmups = [load.warmup for load in loads if load.warmup]
    windows = [load.measured for load in loads if load.measured]
    return Moments(
        started=started,
        ready=None if started is None or ready_s is None else started + ready_s,
        loaded=min((ran.started for ran in warmups or windows), default=None),
        warmed=max((ran.ended for ran in warmups), default=None),
        opened=min((ran.started for ran in windows), default=None),
        closed=max((ran.ended for ran in windows), default=None),
        ended=_unix(record.ended),
    )


def _unix(text: str | None) -> float | None:
    when = moment(text)
    return when.timestamp() if when else None
