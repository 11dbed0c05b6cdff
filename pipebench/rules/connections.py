"""Connections that the server does not answer, by the kernel's own account of each of them.

What the load generator was short of makes no connection silent: a thread that waits for a CPU
waits for milliseconds.
"""

from __future__ import annotations

from pipebench.measure.connections import Quiet, Served
from pipebench.measure.measurement import Measurement

# Silence that no healthy batch explains, of one connection. Shorter ones are a busy machine's.
SILENT_LEAST_S = 0.5
SILENT_SHARE = 0.15
# Of the longest batch. A server that lets its connections in one after the other has served one
# that waited nearly as long as those that still wait.
SILENT_BATCHES = 2
# Of all responses, that the less served half of the connections gets; served alike, it is a half.
# A load tool's own threads, which may get unequal shares of a CPU, have left a healthy server 0.33.
UNEVEN = 0.25
REOPENED_SHARE = 0.1


def silent(measurement: Measurement) -> list[Quiet] | None:
    """The silent connections; None if it is not known which are."""
    totals, served = measurement.totals, measurement.served
    if totals is None or served is None or totals.latency is None or measurement.rate:
        return None
    longest_s = totals.latency.max_us / 1e6
    least = max(SILENT_LEAST_S, SILENT_SHARE * totals.duration_s, SILENT_BATCHES * longest_s)
    return [quiet for quiet in served.quiet if quiet.seconds >= least]


def sentence(silences: list[Quiet], served: Served, longest_batch_s: float) -> str:
    """What is said of silent connections, of which there is one at least."""
    never = sum(not quiet.served for quiet in silences)
    were = "was" if never == 1 else "were"
    of = f"of {served.count:,} connections"
    if never == len(silences):
        return f"{never:,} {of} {were} never served in {served.at_s:.1f} s"
    longest, shortest = silences[0].seconds, silences[-1].seconds
    least = "" if f"{shortest:.1f}" == f"{longest:.1f}" else f"{shortest:.1f} to "
    also = f", and {never:,} of them {were} never served" if never else ""
    return (
        f"{len(silences):,} {of} silent: nothing came in the last {least}{longest:.1f} s, "
        f"but the longest batch took {longest_batch_s:.2f} s{also}"
    )


def lower_half(measurement: Measurement) -> float | None:
    """Share of the responses that the less served half of the connections got, if it is small.

    None as well if it is not known, or if connections were opened anew meanwhile.
    """
    served = measurement.served
    if served is None or served.lower_half is None:
        return None
    if (measurement.reopened or 0) > REOPENED_SHARE * served.count:
        return None
    return served.lower_half if served.lower_half < UNEVEN else None
