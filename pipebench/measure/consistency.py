"""What no host and no load tool can have counted: the figures of such a record are not used."""

from __future__ import annotations

from pipebench.measure.load import Ran
from pipebench.tools.tool import Counts

LEAST_RESPONSE_BYTES = len("HTTP/1.1 2\n\n")
"""The shortest that a load tool takes for one."""
MOST_BYTES_PER_S = 1e12
CPU_SLACK = 1.1
"""CPU time is counted in ticks, and windows are read a tenth of a second too long."""
CPU_SLACK_S = 0.3


def tool_contradiction(ran: Ran) -> str | None:
    """What one load tool cannot have counted, in a sentence."""
    if ran.counts is None:
        return None
    return _bytes(ran.counts) or _cpu_time(ran, ran.counts)


def _bytes(counts: Counts) -> str | None:
    size = counts.bytes
    if size is None:
        return None
    if size + counts.uncounted_bytes < counts.requests * LEAST_RESPONSE_BYTES:
        return f"{counts.requests} responses have more than the {size} bytes that were read"
    if size > counts.duration_s * MOST_BYTES_PER_S:
        return f"no network brings {size} bytes in {counts.duration_s:.3g} s"
    return None


def all_bytes(counts: Counts) -> int | None:
    """What a tool counted; None if those cannot be the bytes of all responses."""
    size = counts.bytes
    if size is None or size < counts.requests * LEAST_RESPONSE_BYTES:
        return None
    return size


def _cpu_time(ran: Ran, counts: Counts) -> str | None:
    execution = ran.execution
    if execution.cpu_s is None:
        return None
    if counts.requests and execution.cpu_s == 0:
        return f"the load tool used no CPU time for {counts.requests} responses"
    # its threads, and the one that started them
    most_s = (counts.threads + 1) * (ran.ended - ran.started) * CPU_SLACK + CPU_SLACK_S
    if execution.cpu_s > most_s:
        return (
            f"the load tool has {counts.threads} threads, and {execution.cpu_s:.3g} s of CPU time"
        )
    return None


def server_contradiction(
    cpu_us: float | None, cpus: int | None, seconds: float, requests: int
) -> str | None:
    """What a server cannot have used in a window of so many seconds, in a sentence."""
    if cpu_us is None:
        return None
    if requests and cpu_us == 0:
        return f"the server used no CPU time for {requests} responses"
    if cpus and cpu_us / 1e6 > cpus * seconds * CPU_SLACK + CPU_SLACK_S:
        return (
            f"the server has {cpus} CPUs, and used {cpu_us / 1e6:.3g} s of them in {seconds:.3g} s"
        )
    return None
