"""What bounded the throughput of one measurement. A signal that is missing is unknown."""

from collections.abc import Callable
from enum import StrEnum

from analysis.facts import Facts

NEAR = 0.9
"""Share of what could be used from which on it counts as used up."""


class Limit(StrEnum):
    """The first one found, in this order, is reported."""

    SERVER = "server"
    GENERATOR = "generator"
    UNKNOWN = "unknown"


def server(facts: Facts) -> Limit | None:
    """The unit took nearly all CPU that its workers can take on the CPUs it may use."""
    cores, cpus = facts.server_cpu_cores, facts.server_cpus
    if cores is None or not cpus:
        return None
    return Limit.SERVER if cores >= NEAR * min(facts.cell.workers, cpus) else None


def generator(facts: Facts) -> Limit | None:
    """One of the wrk processes took nearly all CPU that its threads can take on its host."""
    for load in facts.loads:
        if load.cores is None or not load.cpus:
            continue
        if load.cores >= NEAR * min(load.threads, load.cpus):
            return Limit.GENERATOR
    return None


SIGNALS: tuple[Callable[[Facts], Limit | None], ...] = (server, generator)


def limited_by(facts: Facts) -> Limit:
    """The first limit that a signal shows; unknown where none does."""
    return next((limit for signal in SIGNALS if (limit := signal(facts))), Limit.UNKNOWN)
