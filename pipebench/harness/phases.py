"""What is done on one testbed in each phase of a run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from pipebench.earlier.complete import is_path_measured, probed
from pipebench.harness.answers import AnswersExecution, checked_in
from pipebench.harness.clock import AFTER, BEFORE, ClockExecution, clocks_before
from pipebench.harness.crosscheck import CrosscheckExecution
from pipebench.harness.execution import Execution
from pipebench.harness.measurement import CellExecution, MeasurementExecution
from pipebench.harness.path import PathExecution
from pipebench.harness.pending import Turns
from pipebench.harness.probe import ProbeExecution
from pipebench.harness.rates import constant_rates
from pipebench.harness.rounds import decide_rounds, load_judges
from pipebench.harness.testbed_run import TestbedRun
from pipebench.harness.tuning import put_back, tune
from pipebench.plan.estimate import begins_after_s
from pipebench.plan.run_plan import RunPlan
from pipebench.plan.schedule import servers_of
from pipebench.record.factors import PlannedCell, ProbedServer
from pipebench.record.schema import Clock, RoundsDecided
from pipebench.record.store import ANSWERS, CROSSCHECK, RAW, path_file


def path(testbed_run: TestbedRun) -> None:
    """What the path carries, once a run and before any framework is started."""
    run, testbed = testbed_run.run, testbed_run.testbed
    measured = is_path_measured(Path(run.results_dir), path_file(testbed.name))
    if run.variables.path_capacity and not (run.resumption and measured):
        testbed_run.make([PathExecution(run=run, testbed=testbed)])


def probe(testbed_run: TestbedRun) -> None:
    """What each framework does with a pipeline, before anything is measured.

    A probe may end a framework: the measurements begin with fresh processes. The ceiling answers
    without reading what it is asked, and the control is its reference again: they are not probed.
    """
    run = testbed_run.run
    if not run.variables.probe:
        return
    names = [name for name, framework in run.frameworks.items() if framework.is_ranked]
    servers = servers_of(names, run.variables)
    testbed = testbed_run.testbed.name
    complete = probed(run, testbed) if run.resumption else frozenset()
    testbed_run.make(
        ProbeExecution(
            run=run,
            testbed=testbed_run.testbed,
            unavailable=testbed_run.unavailable.get(server.framework, {}),
            server=server,
            number=number,
            count=len(servers),
        )
        for number, server in enumerate(servers, start=1)
        if ProbedServer(testbed=testbed, **server.factors) not in complete
    )


def measure(testbed_run: TestbedRun) -> dict[str, Any]:
    """Every cell in every round, and then under a constant rate, if that is asked for.

    Returns `{rounds, reason}` if precision ended the rounds, otherwise nothing.
    """
    run, testbed = testbed_run.run, testbed_run.testbed
    time.sleep(begins_after_s(run, testbed.name))
    begun = time.time()
    testbed_run.make([ClockExecution(run=run, testbed=testbed, moment=BEFORE)])
    taken = _rounds(testbed_run, begun)
    if not testbed_run.given_up:
        testbed_run.make([ClockExecution(run=run, testbed=testbed, moment=AFTER)])
    return taken


def _rounds(testbed_run: TestbedRun, begun: float) -> dict[str, Any]:
    """All rounds, and the constant rates. begun: when the phase began, unix s."""
    run, testbed, taken = testbed_run.run, testbed_run.testbed, {}
    load_judges(run)
    clocks = clocks_before(run, testbed)
    turns = Turns(run, testbed.name, begun)
    for number in range(1, len(run.rounds) + 1):
        testbed_run.make(_round(testbed_run, number, turns, clocks))
        if testbed_run.given_up:
            return {}
        if turns.has_begun(number + 1):  # before an interruption; nothing measured is left out
            continue
        decision = decide_rounds(run, testbed.name, number)
        if decision:
            another = decision.reason is None
            now, said = testbed_run.now(), decision.progress
            testbed_run.say(RoundsDecided(**now, round=number, another=another, said=said))
        if decision and decision.reason:
            taken = {"rounds": number, "reason": decision.reason}
            break
    if run.variables.rate_share:
        testbed_run.make(_constant_rates(testbed_run, turns, clocks))
    return taken


def _round(
    testbed_run: TestbedRun, number: int, turns: Turns, clocks: Mapping[str, Clock]
) -> Iterator[Execution]:
    """One pass over all cells, in this round's own order, with every tool.

    Which tool is first alternates by round, so that a machine that drifts favours neither. What
    could not be deployed is neither cross-checked nor are its answers.
    """
    run, unavailable = testbed_run.run, testbed_run.unavailable
    tools = run.variables.tools
    if number % 2 == 0:
        tools = tools[::-1]
    for position, cell in enumerate(run.rounds[number - 1], start=1):
        for tool in tools:
            common: dict[str, Any] = {
                "run": run,
                "testbed": testbed_run.testbed,
                "unavailable": unavailable.get(cell.framework, {}),
                "cell": cell,
                "tool": tool,
                "position": position,
                "round": number,
                "clocks": clocks,
            }
            for folder, kind in _executions(run, number, cell, tool):
                if not turns.is_due(folder, tool, number, cell):
                    continue
                if folder == RAW:
                    yield kind(**common, **turns.next())
                elif cell.framework not in unavailable:
                    yield kind(**common)


def _executions(
    run: RunPlan, number: int, cell: PlannedCell, tool: str
) -> list[tuple[str, type[CellExecution]]]:
    """What a tool does with a cell in a round, in this order, and the folder of its record."""
    if tool != run.variables.tools[0]:
        return [(CROSSCHECK, CrosscheckExecution)]
    measured = (RAW, MeasurementExecution)
    check = checked_in(run, cell) if run.variables.check_answers else None
    if check is None or check.round != number:
        return [measured]
    checked = (ANSWERS, AnswersExecution)
    return [checked, measured] if check.first else [measured, checked]


def _constant_rates(
    testbed_run: TestbedRun, turns: Turns, clocks: Mapping[str, Clock]
) -> Iterator[Execution]:
    """Each cell once more with the tools that can keep a rate, at a share of what was measured."""
    run, testbed = testbed_run.run, testbed_run.testbed
    planned = product(constant_rates(run, testbed.name), run.variables.tools[1:])
    for position, ((cell, rate), tool) in enumerate(planned, start=1):
        if cell.framework not in testbed_run.unavailable and turns.is_due(
            CROSSCHECK, tool, 0, cell
        ):
            yield CrosscheckExecution(
                run=run,
                testbed=testbed,
                cell=cell,
                tool=tool,
                position=position,
                rate=rate,
                clocks=clocks,
            )


PHASES = {"tune": tune, "path": path, "probe": probe, "measure": measure, "put_back": put_back}
LAST = "put_back"
"""After it no testbed waits for another one."""
