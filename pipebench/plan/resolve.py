"""Values of a run that depend on its hosts: the load tool's threads, and the workers of `all`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from pipebench.documents.declared import listed
from pipebench.plan.errors import Mistakes
from pipebench.plan.estimate import plan_text
from pipebench.plan.run_plan import RunPlan
from pipebench.plan.testbeds import Testbed
from pipebench.plan.variables import AUTO, MOST_THREADS
from pipebench.record.factors import ALL

MOST_NAMED = 3
MOST_ABSENT = 8
FEW_CONNECTIONS = 16
"""A worker with fewer has, by chance, often none or twice as many as another."""


def threads_for(cpus: int, connections: Iterable[int]) -> int:
    """As many threads as CPUs, or the next smaller number that divides all `connections`.

    A load tool may open threads x floor(connections / threads). All cells of a testbed have the
    same number, so that cells differ only in the keys that name them.
    """
    common = math.gcd(*connections)
    most = min(cpus, common, MOST_THREADS)
    return next(number for number in range(most, 0, -1) if common % number == 0)


def resolve(run: RunPlan, cpus: Mapping[str, int]) -> RunPlan:
    """The run with the load tool's threads and the workers of `all` on each testbed.

    cpus: by host. `bench_threads` becomes that number, or `auto` if the generators of the testbeds
    differ. Raises PlanError if a server has too few CPUs.
    """
    Mistakes(_pinning_mistakes(run, cpus)).refuse()
    testbeds = [_resolved(testbed, run, cpus) for testbed in run.testbeds]
    numbers = {testbed.threads for testbed in testbeds}
    threads = numbers.pop() if len(numbers) == 1 else AUTO
    variables = structs.replace(run.variables, threads=threads)
    return structs.replace(run, variables=variables, testbeds=testbeds)


def _resolved(testbed: Testbed, run: RunPlan, cpus: Mapping[str, int]) -> Testbed:
    if ALL in run.variables.workers:
        count = cpus[testbed.server] - run.variables.interrupt_cpus
        testbed = structs.replace(testbed, all_workers=count)
    if testbed.threads is not None:
        return testbed
    fewest = min(cpus[host] for host in testbed.generators)
    shares = [number // len(testbed.generators) for number in run.variables.connections]
    return structs.replace(testbed, threads=threads_for(fewest, shares))


def single_worker_text(run: RunPlan) -> str:
    """That `all` is one worker, if the plan also has one worker; often nothing."""
    if not {1, ALL} <= set(run.variables.workers):
        return ""
    names = [testbed.name for testbed in run.testbeds if testbed.all_workers == 1]
    if not names:
        return ""
    server = "server" if len(names) == 1 else "servers"
    has, testbed = ("has", "testbed") if len(names) == 1 else ("have", "testbeds")
    return (
        f"The {server} of the {testbed} {', '.join(names)} {has} 1 CPU: `all` is one worker there, "
        "so each of its cells is measured twice."
    )


def _pinning_mistakes(run: RunPlan, cpus: Mapping[str, int]) -> list[str]:
    """A sentence for every server that has no CPU beside those for interrupts."""
    wanted = run.variables.interrupt_cpus
    return [
        f"bench_interrupt_cpus is {wanted}, and {testbed.server} has {cpus[testbed.server]} "
        f"CPU{'' if cpus[testbed.server] == 1 else 's'}; it must be less than that."
        for testbed in run.testbeds
        if wanted and cpus[testbed.server] <= wanted
    ]


def few_connections_text(run: RunPlan) -> str:
    """What to expect of cells with few connections for each worker, and what to do about it."""
    fewest = min(run.variables.connections)
    most = {
        testbed.name: max(testbed.worker_count(number) for number in run.variables.workers)
        for testbed in run.testbeds
    }
    short = {name: count for name, count in most.items() if 1 < count > fewest / FEW_CONNECTIONS}
    if not short:
        return ""
    name, count = max(short.items(), key=lambda one: one[1])
    others = f" (and {len(short) - 1} other testbeds have few)" if len(short) > 1 else ""
    return (
        f"{fewest} connections are {fewest / count:.1f} for each of the {count} workers on the "
        f"testbed {name}{others}. With fewer than {FEW_CONNECTIONS} for each, some workers get "
        "many more than others, which bounds the requests/s: use bench_connections of at least "
        f"{count * FEW_CONNECTIONS}."
    )


def small_generators_text(run: RunPlan, cpus: Mapping[str, int]) -> str:
    """What to expect of generators with one CPU, and what to do about it; nothing if all have more.

    The load tool and the kernel's work for its packets share that CPU, and fast servers need less
    than both.
    """
    generators = [host for testbed in run.testbeds for host in testbed.generators]
    small = [host for host in generators if cpus[host] == 1]
    if not small:
        return ""
    names = ", ".join(small) if len(small) <= MOST_NAMED else f"{len(small)} load generators"
    have = "has" if len(small) == 1 else "have"
    return (
        f"{names} {have} 1 CPU, so the load generator is the likely limit of fast frameworks. "
        "Their rows will say `limited_by: generator`: their requests/s are lower bounds. More "
        "CPUs for the generator change that: a larger computer for the lab, or other hosts."
    )


def unequal_generators_text(run: RunPlan, architectures: Mapping[str, str]) -> str:
    """What is said of testbeds whose generators have different architectures; often nothing."""
    sentences = []
    for testbed in run.testbeds:
        names = sorted({architectures[host] for host in testbed.generators})
        if len(names) > 1:
            sentences.append(
                f"The load generators of the testbed {testbed.name} have different architectures "
                f"({', '.join(names)}); each has an equal share of the connections."
            )
    return "\n".join(sentences)


def check_text(run: RunPlan, absent: Sequence[str] = ()) -> str:
    """The last lines of `--check`. absent: the hosts that are not up, so that none was checked."""
    hosts = "The hosts and the path between them are as required."
    if absent:
        names = listed(absent[:MOST_ABSENT])
        more = len(absent) - MOST_ABSENT
        names += f" and {more} more" if more > 0 else ""
        are, they = ("is", "it was") if len(absent) == 1 else ("are", "they were")
        hosts = f"{names} {are} not up, so {they} not checked."
    return f"{plan_text(run)}, after provisioning.\n{hosts} Nothing was changed."
