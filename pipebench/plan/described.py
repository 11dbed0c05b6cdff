"""What a run will measure, in the words of its plan: the first lines of a run and of --check."""

from __future__ import annotations

from collections.abc import Iterable

from pipebench.documents.declared import listed
from pipebench.plan.estimate import duration_text
from pipebench.plan.run_plan import RunPlan
from pipebench.plan.testbeds import Testbed
from pipebench.plan.variables import AUTO, ExtendedRounds
from pipebench.record.factors import ALL

MOST_TESTBEDS = 8
"""So many have a line each."""


def described(run: RunPlan) -> str:
    """A few lines: frameworks by name, controls, load, rounds, and each testbed's hosts."""
    controls = [
        name for name, one in run.frameworks.items() if name not in run.variables.frameworks
    ]
    lines = [
        f"Frameworks: {', '.join(run.variables.frameworks)}",
        f"Controls: {', '.join(controls) if controls else 'none, so there are no ranks'}",
        f"Load: {_load(run)}",
        f"Each measurement: {_times(run)}",
        *(_testbed(testbed, run) for testbed in run.testbeds[:MOST_TESTBEDS]),
    ]
    more = len(run.testbeds) - MOST_TESTBEDS
    if more > 0:
        lines.append(f"and {more} more testbeds")
    return "\n".join(f"  {line}" for line in lines)


def _load(run: RunPlan) -> str:
    variables = run.variables
    threads = variables.threads
    threads_text = (
        "as many threads as the generator has CPUs"
        if threads in (None, AUTO)
        else _counted([threads], "thread")
    )
    workers = [
        "as many workers as the server has CPUs" if one == ALL else _counted([one], "worker")
        for one in variables.workers
    ]
    return (
        f"{_values(variables.depths, 'depth')}; {_counted(variables.connections, 'connection')}; "
        f"{listed(workers)}; {listed(variables.tools)} with {threads_text}"
    )


def _times(run: RunPlan) -> str:
    variables = run.variables
    rounds = variables.rounds
    if isinstance(rounds, ExtendedRounds):
        share = f"{100 * rounds.until_relative_width:g} %"
        rounds_text = f"{rounds.min} to {rounds.max} rounds, until each interval is below {share}"
    else:
        rounds_text = _counted([rounds], "round")
    warmup = f"{duration_text(variables.warmup)} warm-up, then " if variables.warmup else ""
    return f"{warmup}{duration_text(variables.duration)}; {rounds_text}"


def _testbed(testbed: Testbed, run: RunPlan) -> str:
    address = f"[{testbed.address}]" if ":" in testbed.address else testbed.address
    machine = f" ({testbed.machine})" if testbed.machine else ""
    base = ", with which others are compared" if testbed.name == run.variables.base_testbed else ""
    return (
        f"Testbed {testbed.name}: {testbed.server}{machine} at {address}:{testbed.port}, load from "
        f"{listed(testbed.generators)}{base}"
    )


def _values(values: Iterable[object], word: str) -> str:
    texts = [str(value) for value in values]
    return f"{word if len(texts) == 1 else f'{word}s'} {listed(texts)}"


def _counted(values: Iterable[object], word: str) -> str:
    texts = [str(value) for value in values]
    return f"{listed(texts)} {word}{'' if texts == ['1'] else 's'}"
