"""The part of one load generator, if a testbed has several: equal shares of all connections."""

from __future__ import annotations

from collections.abc import Sequence

from pipebench.plan.testbeds import Testbed


def share_mistakes(
    testbeds: Sequence[Testbed], connections: Sequence[int], threads: int | None
) -> list[str]:
    """A sentence for every number of connections that generators cannot share.

    threads: of the load tool on each generator; None if they depend on its CPUs. Testbeds with one
    load generator are looked at with bench_threads.
    """
    return [
        _uneven(testbed, number, threads or 1)
        for testbed in testbeds
        for number in connections
        if len(testbed.generators) > 1 and number % (len(testbed.generators) * (threads or 1))
    ]


def _uneven(testbed: Testbed, connections: int, threads: int) -> str:
    count = len(testbed.generators)
    unit = count * threads
    lower = connections // unit * unit
    nearest = f"{lower} or {lower + unit}" if lower else str(unit)
    if count > connections:
        return (
            f"The testbed {testbed.name!r} has {count} load generators, more than the "
            f"{connections} of bench_connections; use {nearest}."
        )
    with_threads = f" with {threads} threads each" if threads > 1 else ""
    return (
        f"bench_connections has {connections}, which the {count} load generators of the testbed "
        f"{testbed.name!r}{with_threads} cannot share equally; use {nearest}."
    )
