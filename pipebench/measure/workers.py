"""How evenly the load spread over the workers of a server, from looks at its processes."""

from __future__ import annotations

from dataclasses import dataclass

from pipebench.measure.load import Window
from pipebench.measure.window import CLOSING_S
from pipebench.record.schema import Processes, RecordError, Server


@dataclass(frozen=True, slots=True)
class WorkersLoad:
    """Of each worker, the least first. connections: that it held when it was last looked.

    cpu_cores: CPU time from the first look to the last, cores; None if there was one look only.
    """

    connections: tuple[int, ...]
    cpu_cores: tuple[float, ...] | None

    @property
    def idle(self) -> int:
        """Workers without a connection."""
        return self.connections.count(0)


def workers_load(server: Server | None, count: int, window: Window | None) -> WorkersLoad | None:
    """The load in the window of so many workers.

    None without a look in the window, or if there were fewer processes than workers: they are
    threads then, as those of Go. The manager of a server is a process beside its workers, without a
    connection and with little CPU time: of all processes, so many as there are workers count, those
    with the most. RecordError: a look contradicts itself.
    """
    if server is None or window is None or count < 2:
        return None
    looks = [
        look for look in server.processes if window.started <= look.at <= window.ended - CLOSING_S
    ]
    for look in looks:
        if not len(look.pids) == len(look.cpu_us) == len(look.connections):
            raise RecordError("a look at the server's processes has lists of different lengths")
    if not looks or min(len(look.pids) for look in looks) < count:
        return None
    return WorkersLoad(
        tuple(sorted(looks[-1].connections)[-count:]), _cpu_cores(looks[0], looks[-1], count)
    )


def _cpu_cores(first: Processes, last: Processes, count: int) -> tuple[float, ...] | None:
    """None if a worker was replaced meanwhile."""
    seconds = last.at - first.at
    before = dict(zip(first.pids, first.cpu_us, strict=True))
    used = [
        (cpu_us - before[pid]) / 1e6 / seconds
        for pid, cpu_us in zip(last.pids, last.cpu_us, strict=True)
        if pid in before and seconds > 0
    ]
    return tuple(sorted(used)[-count:]) if len(used) >= count else None
